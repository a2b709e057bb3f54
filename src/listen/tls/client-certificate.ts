/**
 * Verified certificates of clients, by their connection, for the log. One that is not verified counts as none.
 * @module
 */

import type { TLSSocket } from 'node:tls'

/** Whose certificate it is, and which: SHA-256 of it, in hexadecimal with colons. */
export interface ClientCertificate {
  readonly subject: string
  readonly fingerprint: string
}

const verified = new WeakMap<object, ClientCertificate>()
/** DNS names and URIs of its subjectAltName, as they stand there. */
const verifiedNames = new WeakMap<object, readonly string[]>()

/** Look at the certificate of a connection, once, after its handshake. */
export function noteClientCertificate(socket: TLSSocket): void {
  if (!socket.authorized) return
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return
  const subject = certificate.subject.split('\n').join(', ')
  verified.set(socket, { subject, fingerprint: certificate.fingerprint256 })
  verifiedNames.set(socket, namesIn(certificate.subjectAltName ?? ''))
}

export function clientCertificateOf(connection: object): ClientCertificate | undefined {
  return verified.get(connection)
}

const noNames: readonly string[] = []

/** Names of the verified certificate of a connection; none where there is none. */
export function certificateNamesOf(connection: object): readonly string[] {
  return verifiedNames.get(connection) ?? noNames
}

/** Node writes a name that holds a comma, a quote or a control character as a string of JSON; such a one is none here. */
function namesIn(subjectAltName: string): readonly string[] {
  if (subjectAltName.includes('"')) return noNames
  return subjectAltName.split(', ').flatMap((entry) => /^(?:DNS|URI):(.+)$/.exec(entry)?.[1] ?? [])
}
