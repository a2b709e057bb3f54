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

/** Look at the certificate of a connection, once, after its handshake. */
export function noteClientCertificate(socket: TLSSocket): void {
  if (!socket.authorized) return
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return
  const subject = certificate.subject.split('\n').join(', ')
  verified.set(socket, { subject, fingerprint: certificate.fingerprint256 })
}

export function clientCertificateOf(connection: object): ClientCertificate | undefined {
  return verified.get(connection)
}
