/**
 * Where clients connect: Fastify with one catch-all route that never parses or buffers a body. Everything is
 * decided in `onRequest`, before a byte of the body is read, and on the raw target and raw headers.
 * @module
 */

import { type IncomingMessage, METHODS, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Settings } from '../config/schema/settings.ts'
import { unmatchedRoute } from '../observability/metrics.ts'
import { Exchange } from '../request/exchange.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import { hasClientLeft, refusalOfClientError, refuseOnSocket } from './refuse-on-socket.ts'
import { requestIds } from './request-ids.ts'
import { sendRefusal } from './send-refusal.ts'
import { type Books, settleOnClose } from './settle.ts'

/** The open listener. */
export interface DataPlane {
  readonly address: string
  readonly port: number
  /** Stop taking connections, let exchanges in flight finish within the drain time, then close. */
  close(): Promise<void>
}

/** Carries one exchange to its answer; a rejection is a defect of the gateway. */
type Handle = (exchange: Exchange) => Promise<void>

/** How soon a connection that falls idle while the listener drains is closed. */
const sweepIntervalMs = 50

/** Open the data plane. `listen.limits` and `listen.timeouts` all come into force here. */
export async function openDataPlane(
  settings: Settings['listen'],
  handle: Handle,
  books: Books,
): Promise<DataPlane> {
  const { limits, timeouts } = settings
  const nextId = requestIds()
  const latest = new WeakMap<Duplex, Exchange>()
  const onExchange = (target: string, incoming: IncomingMessage, response: ServerResponse) => {
    const exchange = new Exchange(nextId(), target, incoming, response)
    latest.set(incoming.socket, exchange)
    settleOnClose(exchange, books)
    const refusal = refusalOfPreamble(exchange)
    if (refusal !== undefined) {
      exchange.notes.refusal = refusal
      sendRefusal(exchange, refusal)
      return
    }
    handle(exchange).catch((error: unknown) => fail(exchange, error, books))
  }
  const onRefusedSocket = (socket: Duplex, method: string, refusal: Refusal) => {
    const requestId = nextId()
    const hasWritten = socket.writable
    refuseOnSocket(socket, refusal, requestId)
    if (!hasWritten) return
    books.metrics.exchangeBegan()
    books.metrics.forRoute(unmatchedRoute).settled(method, refusal.status, refusal.code, 0)
    if (books.isLogging) {
      const { code, reason, status } = refusal
      books.log.info({ requestId, outcome: code, status, code, reason, owner: refusal.owner }, 'request')
    }
  }

  const onClientError = (error: Error, socket: Duplex) => {
    const refusal = refusalOfClientError(error)
    const exchange = latest.get(socket)
    if (exchange === undefined || exchange.incoming.complete) onRefusedSocket(socket, '', refusal)
    else breakOff(exchange, hasClientLeft(error) ? undefined : refusal)
  }

  const fastify = Fastify({
    logger: false,
    // Fastify's router would read the target in its own way: it gets one that it cannot misread.
    rewriteUrl: () => '/',
    http: {
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: 1000,
      // Node's own answer would be no refusal of ours, and nobody would count it.
      requireHostHeader: false,
    },
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    connectionTimeout: timeouts.idle,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: onClientError,
  })
  routeEverything(fastify, onExchange)
  tuneServer(fastify.server, limits.connections, timeouts.headers)
  fastify.server.on('connect', (incoming: IncomingMessage, socket: Duplex) =>
    onRefusedSocket(socket, 'CONNECT', refuse('method_not_supported', `CONNECT ${incoming.httpVersion}`)),
  )

  await fastify.listen({ host: settings.address, port: settings.port })
  const { address, port } = fastify.server.address() as AddressInfo
  return { address, port, close: () => drain(fastify, timeouts.drain) }
}

function routeEverything(
  fastify: FastifyInstance,
  onExchange: (target: string, incoming: IncomingMessage, response: ServerResponse) => void,
): void {
  for (const method of METHODS) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true })
  }
  fastify.route({
    method: fastify.supportedMethods,
    url: '/',
    onRequest: (request, reply) => {
      reply.hijack()
      onExchange(request.originalUrl, request.raw, reply.raw)
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

/** What is refused without a look at the rest of the head. */
function refusalOfPreamble({ method, incoming }: Exchange): Refusal | undefined {
  // Node's parser takes 0.9 and 2.0 for versions of this protocol.
  if (!/^1\.[01]$/.test(incoming.httpVersion)) return refuse('malformed_request', 'neither HTTP/1.1 nor 1.0')
  if (method === 'TRACE') return refuse('method_not_supported', 'TRACE')
  const { expect, 'transfer-encoding': coding } = incoming.headers
  // RFC 9112 section 6.1: whatever forwarded it may not have known where its body ends.
  if (coding !== undefined && incoming.httpVersion === '1.0') {
    return refuse('malformed_request', 'a Transfer-Encoding in HTTP/1.0')
  }
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return refuse('malformed_header', 'an expectation other than 100-continue')
  }
  return undefined
}

/** The rest of a body is malformed or too slow, or nobody sends it: its exchange is answered, if it can be, and settled once. */
function breakOff(exchange: Exchange, refusal: Refusal | undefined): void {
  const { incoming, response, notes } = exchange
  if (refusal === undefined || response.headersSent) {
    incoming.socket.destroy()
    return
  }
  notes.refusal = refusal
  response.shouldKeepAlive = false
  sendRefusal(exchange, refusal)
}

/** A throw on the way is a defect: the client learns only that, the log everything. */
function fail(exchange: Exchange, error: unknown, { log }: Books): void {
  const refusal = refuse('internal_error', 'an exception')
  exchange.notes.refusal = refusal
  log.error({ requestId: exchange.id, route: exchange.notes.route, error }, 'the gateway failed on a request')
  if (exchange.response.headersSent) exchange.response.destroy()
  else sendRefusal(exchange, refusal)
}

async function drain(fastify: FastifyInstance, drainMs: number): Promise<void> {
  const force = setTimeout(() => fastify.server.closeAllConnections(), drainMs)
  // Node keeps a connection alive that was busy when the listener closed, and would wait for its client to leave.
  const sweep = setInterval(() => fastify.server.closeIdleConnections(), sweepIntervalMs)
  await fastify.close()
  clearInterval(sweep)
  clearTimeout(force)
}
