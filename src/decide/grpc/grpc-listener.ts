/**
 * Where connections to the gRPC doors come in, plain or over TLS. They are bounded, and prove whose they are, as at the
 * HTTP doors; the gRPC server takes each over as it is then.
 * @module
 */

import { createServer as createPlainServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type Server, ServerCredentials } from '@grpc/grpc-js'
import { listen } from '../../listen/http1-server.ts'
import type { TlsSettings } from '../../listen/tls/certificate-pair.ts'
import type { FollowedCertificates } from '../../listen/tls/followed-certificates.ts'
import { tlsOptions } from '../../listen/tls/tls-server.ts'
import { noteCertificateForCalls } from './call-certificate.ts'

/** What connections are taken with. */
export interface GrpcTls {
  readonly settings: TlsSettings
  readonly certificates: FollowedCertificates
  readonly handshakeTimeoutMs: number
}

export interface GrpcListener {
  readonly address: string
  readonly port: number
  /** Takes no more connections. Resolves when none is left of those that the gRPC server has been given. */
  leave(): Promise<void>
  /** Breaks off whatever is left. */
  closeAll(): void
}

/** Rejects with Node's error when it cannot listen. */
export async function openGrpcListener(
  server: Server,
  place: { readonly host: string; readonly port: number },
  tls: GrpcTls | undefined,
  connectionsMax: number,
): Promise<GrpcListener> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const open = new Set<Socket>()
  const given = new Set<Socket>()
  const gone = Promise.withResolvers<void>()
  let isLeaving = false
  const take = (socket: Socket) => {
    // The gRPC server would serve it, and never end it.
    if (isLeaving) {
      socket.destroy()
      return
    }
    given.add(socket)
    socket.once('close', () => {
      given.delete(socket)
      if (isLeaving && given.size === 0) gone.resolve()
    })
    injector.injectConnection(socket)
  }
  const listener = tls === undefined ? createPlainServer(take) : tlsServer(tls, take)
  listener.maxConnections = connectionsMax
  // As of the HTTP listeners: a worker that is full hands none back.
  Object.assign(listener, { dropMaxConnection: true })
  listener.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return {
    ...(await listen(listener, place)),
    leave() {
      isLeaving = true
      listener.close()
      if (given.size === 0) gone.resolve()
      return gone.promise
    },
    closeAll() {
      for (const socket of open) socket.destroy()
    },
  }
}

function tlsServer({ settings, certificates, handshakeTimeoutMs }: GrpcTls, take: (socket: Socket) => void) {
  const options = { ...tlsOptions(settings, certificates, handshakeTimeoutMs), ALPNProtocols: ['h2'] }
  const server = createTlsServer(options, (socket) => {
    // Its close follows.
    socket.on('error', () => {})
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy()
      return
    }
    noteCertificateForCalls(socket)
    take(socket)
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  certificates.follow(() => server.setSecureContext(certificates.fallback))
  return server
}
