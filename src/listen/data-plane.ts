/**
 * Where clients connect: Fastify with one catch-all route that never parses or buffers a body. Everything is
 * decided in `onRequest`, before a byte of the body is read, and on the raw target and raw headers.
 * @module
 */

import { type IncomingMessage, METHODS, type Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Settings } from '../config/schema/settings.ts'
import { Exchange } from '../request/exchange.ts'
import { handleRequest } from '../request/handle-request.ts'
import type { Plan } from '../request/plan.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import { ClientErrors } from './client-errors.ts'
import { drain, Farewell } from './draining.ts'
import { Http2Sessions } from './http2/sessions.ts'
import { streamExchange } from './http2/stream-exchange.ts'
import { refusalOfPreamble } from './preamble.ts'
import { requestIds } from './request-ids.ts'
import { sendRefusal } from './send-refusal.ts'
import { type Books, settleOnClose } from './settle.ts'
import type { FollowedCertificates } from './tls/followed-certificates.ts'
import { takeHandshakes, tlsOptions } from './tls/tls-server.ts'
import { Upgrades } from './upgrades.ts'

/** The open listener. */
export interface DataPlane {
  readonly address: string
  readonly port: number
  /**
   * Serve on for the drain delay with answers that tell clients to go, then stop taking connections, let exchanges in
   * flight finish within the drain time, and close.
   */
  close(): Promise<void>
}

/** What an exchange goes by from its beginning to its end. */
export interface Serving {
  readonly plan: Plan
  readonly books: Books
}

/**
 * Open the data plane, over TLS where there are certificates. `listen.limits` and `listen.timeouts` all come into force
 * here. `inForce` is asked once for each exchange.
 */
export async function openDataPlane(
  settings: Settings['listen'],
  certificates: FollowedCertificates | undefined,
  inForce: () => Serving,
): Promise<DataPlane> {
  const { limits, timeouts } = settings
  const nextId = requestIds()
  const clientErrors = new ClientErrors(() => inForce().books, nextId)
  const farewell = new Farewell()
  const begin = (exchange: Exchange, refusal: Refusal | undefined) => {
    const { plan, books } = inForce()
    settleOnClose(exchange, books)
    if (refusal !== undefined) {
      exchange.notes.refusal = refusal
      sendRefusal(exchange, refusal)
      return
    }
    // A rejection is a defect of the gateway.
    handleRequest(exchange, plan).catch((error: unknown) => fail(exchange, error, books))
  }
  const beginHttp1 = (exchange: Exchange) => {
    clientErrors.began(exchange)
    begin(exchange, refusalOfPreamble(exchange))
  }
  const sessions = new Http2Sessions(settings, (stream, raw, socket) => {
    const { exchange, refusal } = streamExchange(nextId(), stream, raw, socket, settings)
    begin(exchange, refusal)
  })

  const upgrades = new Upgrades({ findPlan: () => inForce().plan, clientErrors, nextId, begin: beginHttp1 })
  const http = {
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: 1000,
    // Node's own answer would be no refusal of ours, and nobody would count it.
    requireHostHeader: false,
    ServerResponse: farewell.Response,
    // Whatever is no upgrade here stays a plain request, on a connection that can be used again.
    shouldUpgradeCallback: (incoming: IncomingMessage) => upgrades.shouldTake(incoming),
  }
  const tls = certificates && settings.tls && tlsOptions(settings.tls, certificates, timeouts.handshake)
  const fastify: FastifyInstance = Fastify({
    logger: false,
    // Fastify's router would read the target in its own way: it gets one that it cannot misread.
    rewriteUrl: () => '/',
    // Typed by its server, and what follows is the same for both: the union is too much for the types.
    ...(tls === undefined ? { http } : ({ https: { ...http, ...tls } } as object)),
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    connectionTimeout: timeouts.idle,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: (error, socket) => clientErrors.failed(error, socket),
  })
  routeEverything(fastify, ({ originalUrl, raw: incoming }, { raw: response }) => {
    if (clientErrors.isBehindLast(incoming, response)) return
    beginHttp1(new Exchange(nextId(), originalUrl, incoming, response))
  })
  const { server } = fastify
  tuneServer(server, limits.connections, timeouts.headers)
  if (certificates !== undefined) {
    takeHandshakes(server as SecureServer, certificates, {
      openHttp2: (socket) => sessions.open(socket),
      onHandshakeFailed: () => inForce().books.metrics.handshakeFailed(),
    })
  }
  server.on('connect', (incoming: IncomingMessage, socket: Duplex) =>
    clientErrors.refuse(socket, 'CONNECT', refuse('method_not_supported', `CONNECT ${incoming.httpVersion}`)),
  )
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
    upgrades.take(incoming, socket as Socket, head),
  )

  await fastify.listen({ host: settings.address, port: settings.port })
  const { address, port } = fastify.server.address() as AddressInfo
  return { address, port, close: () => drain(fastify, { farewell, sessions, upgrades }, timeouts) }
}

function routeEverything(
  fastify: FastifyInstance,
  onRequest: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  for (const method of METHODS) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true })
  }
  fastify.route({
    method: fastify.supportedMethods,
    url: '/',
    onRequest: (request, reply) => {
      reply.hijack()
      onRequest(request, reply)
    },
    handler: () => {
      throw new Error('a hijacked exchange came back to Fastify')
    },
  })
}

function tuneServer(server: Server, connections: number, headersTimeoutMs: number): void {
  server.headersTimeout = headersTimeoutMs
  // Node would cut off headers beyond a number in silence; ours are counted, and bounded by their bytes.
  server.maxHeadersCount = 0
  server.maxConnections = connections
  // «100 Continue» is said when the request is authorized and its body is wanted.
  for (const event of ['checkContinue', 'checkExpectation'] as const) {
    server.on(event, (incoming, response) => server.emit('request', incoming, response))
  }
}

/** A throw on the way is a defect: the client learns only that, the log everything. */
function fail(exchange: Exchange, error: unknown, { log }: Books): void {
  const refusal = refuse('internal_error', 'an exception')
  exchange.notes.refusal = refusal
  log.error({ requestId: exchange.id, route: exchange.notes.route, error }, 'the gateway failed on a request')
  if (exchange.response.headersSent) exchange.response.destroy()
  else sendRefusal(exchange, refusal)
}
