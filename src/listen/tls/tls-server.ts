/**
 * TLS in front of the HTTP/1.1 server, which keeps all that it has without: a connection that speaks HTTP/2 leaves it
 * behind the handshake, every other one goes on as a plain one would.
 * @module
 */

import { constants } from 'node:crypto'
import type { Server, ServerOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { TlsSettings } from './certificate-pair.ts'
import { noteClientCertificate } from './client-certificate.ts'
import type { FollowedCertificates } from './followed-certificates.ts'

/** What Node's `https` server is made with. */
export function tlsOptions(
  { http2, clientCertificates: { mode } }: TlsSettings,
  certificates: FollowedCertificates,
  handshakeTimeoutMs: number,
): ServerOptions {
  return {
    ...certificates.fallback,
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    SNICallback: (name, done) => done(null, certificates.contextFor(name)),
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: mode !== 'none',
    rejectUnauthorized: mode === 'required',
    // Neither protocol needs it, and HTTP/2 forbids it.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
}

/** What becomes of connections. */
export interface TlsHandlers {
  /** Told of a connection that is to speak HTTP/1.1, before the server is. */
  readonly watchHttp1: (socket: TLSSocket) => void
  /** Takes a connection that is to speak HTTP/2. */
  readonly openHttp2: (socket: TLSSocket) => void
  /** Told of a handshake that failed; the connection is closed already. */
  readonly onHandshakeFailed: () => void
}

/** Put between the handshake and the HTTP/1.1 server. */
export function takeHandshakes(
  server: Server,
  certificates: FollowedCertificates,
  { watchHttp1, openHttp2, onHandshakeFailed }: TlsHandlers,
): void {
  const serveHttp1 = server.listeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket) => {
    noteClientCertificate(socket)
    if (socket.alpnProtocol === 'h2') {
      openHttp2(socket)
      return
    }
    watchHttp1(socket)
    for (const serve of serveHttp1) serve.call(server, socket)
  })
  // Node takes it for trouble with HTTP, whose answer nobody could read.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (_error, socket) => {
    socket.destroy()
    onHandshakeFailed()
  })
  certificates.follow(() => server.setSecureContext(certificates.fallback))
}
