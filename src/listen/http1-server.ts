/**
 * Node's server of HTTP/1, plain or behind a TLS handshake, with every bound set and no answer of its own: whatever it
 * would refuse, or cut off in silence, comes to the data plane.
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createSecureServer,
  type ServerOptions as SecureOptions,
  type Server as SecureServer,
} from 'node:https'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import type { Settings } from '../config/schema/settings.ts'

/** What becomes of what clients send. */
export interface Http1Handlers {
  readonly Response: typeof ServerResponse
  readonly onRequest: (incoming: IncomingMessage, response: ServerResponse) => void
  /** Whatever is no upgrade stays a plain request, on a connection that can be used again. */
  readonly shouldUpgrade: (incoming: IncomingMessage) => boolean
  readonly onUpgrade: (incoming: IncomingMessage, socket: Socket, head: Buffer) => void
  readonly onConnectMethod: (incoming: IncomingMessage, socket: Socket) => void
  /** Bytes that are no request, or do not come in time. */
  readonly onClientError: (error: Error, socket: Socket) => void
}

/** Create it. It does not listen yet. */
export function createHttp1Server(
  { limits, timeouts }: Pick<Settings['listen'], 'limits' | 'timeouts'>,
  tls: SecureOptions | undefined,
  handlers: Http1Handlers,
): Server | SecureServer {
  const options = {
    maxHeaderSize: limits.headerBytes,
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    connectionsCheckingInterval: 1000,
    // Node's own answer would be no refusal of ours, and nobody would count it.
    requireHostHeader: false,
    ServerResponse: handlers.Response,
    shouldUpgradeCallback: handlers.shouldUpgrade,
  }
  const server: Server | SecureServer =
    tls === undefined ? createServer(options) : createSecureServer({ ...options, ...tls })
  server.setTimeout(timeouts.idle)
  // Here and not above, where it must not be longer than the time of a whole request.
  server.headersTimeout = timeouts.headers
  // Node would cut off headers beyond a number in silence; ours are counted, and bounded by their bytes.
  server.maxHeadersCount = 0
  server.maxConnections = limits.connections
  // A worker would hand it back to the primary, and all of them round in a circle once each is full.
  Object.assign(server, { dropMaxConnection: true })
  server.on('request', handlers.onRequest)
  // «100 Continue» is said when the request is authorized and its body is wanted.
  server.on('checkContinue', handlers.onRequest)
  server.on('checkExpectation', handlers.onRequest)
  server.on('upgrade', handlers.onUpgrade)
  server.on('connect', handlers.onConnectMethod)
  server.on('clientError', handlers.onClientError)
  return server
}

/** Resolves when it listens; rejects with Node's error when it cannot. */
export function listen(server: NetServer, place: { host: string; port: number }): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>()
  server.once('error', reject)
  server.listen(place, () => {
    server.off('error', reject)
    resolve(server.address() as AddressInfo)
  })
  return promise
}
