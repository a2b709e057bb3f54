/**
 * Whose certificate the connection of a call has shown. The gRPC server has its connection read it anew for every call, a
 * third of what a question costs; here it is read once.
 * @module
 */

import type { TLSSocket } from 'node:tls'
import { certificateNamesOf, noteClientCertificate } from '../../listen/tls/client-certificate.ts'

/** What a call says of its connection. */
export interface ConnectedCall {
  getAuthContext(): { readonly sslPeerCertificate?: object }
}

/** By the certificate as calls show it. */
const names = new WeakMap<object, readonly string[]>()
const noNames: readonly string[] = []

/** To be called once for a connection, after its handshake. */
export function noteCertificateForCalls(socket: TLSSocket): void {
  if (!socket.authorized) return
  noteClientCertificate(socket)
  const certificate = socket.getPeerCertificate()
  names.set(certificate, certificateNamesOf(socket))
  Object.assign(socket, { getPeerCertificate: () => certificate })
}

/** Names of the verified certificate of the connection that a call came by; none where there is none. */
export function certificateNamesOfCall(call: ConnectedCall): readonly string[] {
  const { sslPeerCertificate } = call.getAuthContext()
  return (sslPeerCertificate && names.get(sslPeerCertificate)) ?? noNames
}
