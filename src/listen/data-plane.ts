/**
 * Where clients connect. Everything is decided before a byte of the body is read, and on the raw target and raw headers.
 * @module
 */

import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Address } from '../client-address/address.ts'
import type { Settings } from '../config/schema/settings.ts'
import { forward } from '../forward/forward.ts'
import type { Door } from '../request/door.ts'
import { Exchange } from '../request/exchange.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import { BodyRates } from './body-rates.ts'
import { ClientConnections } from './client-connections.ts'
import { ClientErrors } from './client-errors.ts'
import { drain, Farewell } from './draining.ts'
import { letHeapGrow } from './heap-growth.ts'
import { createHttp1Server, listen } from './http1-server.ts'
import { Http2Sessions } from './http2/sessions.ts'
import { streamExchange } from './http2/stream-exchange.ts'
import { Linger } from './linger.ts'
import { Overload } from './overload.ts'
import { refusalOfPreamble } from './preamble.ts'
import { requestIds } from './request-ids.ts'
import { openExchange, type Serving, tellStory } from './tell-story.ts'
import type { FollowedCertificates } from './tls/followed-certificates.ts'
import { takeHandshakes, tlsOptions } from './tls/tls-server.ts'
import { Turns } from './turns.ts'
import { Upgrades } from './upgrades.ts'

/** The open listener. */
export interface DataPlane {
  readonly address: string
  readonly port: number
  /** What the gateway has to do, for other doors to be counted too. */
  readonly overload: Overload
  /**
   * Serve on for the drain delay with answers that tell clients to go, then stop taking connections, let exchanges in
   * flight finish within the drain time, and close.
   */
  close(): Promise<void>
}

/** Requests go to their upstreams, and some are for the gateway itself. */
const proxyDoor: Door = {
  deliver: ({ exchange }, outgoing, upstream, forwarding) =>
    forward(exchange, outgoing, upstream, forwarding),
  canServe: true,
}

/**
 * Open the data plane, over TLS where there are certificates. All of `listen` comes into force here. `inForce` is asked
 * once for each exchange, and for each connection.
 */
export async function openDataPlane(
  settings: Settings['listen'],
  certificates: FollowedCertificates | undefined,
  inForce: () => Serving,
): Promise<DataPlane> {
  letHeapGrow()
  const { limits, timeouts } = settings
  const nextId = requestIds()
  const linger = new Linger()
  const turns = new Turns()
  const clientErrors = new ClientErrors(() => inForce().books, nextId, { linger, turns })
  const farewell = new Farewell()
  const overload = new Overload(settings.overload)
  const bodyRates = new BodyRates(settings.bodyRate, clientErrors.tooSlow)
  const begin = (exchange: Exchange, fault: Refusal | undefined) => {
    const serving = inForce()
    if (!openExchange(exchange, fault, serving, overload)) return
    bodyRates.watch(exchange)
    void tellStory(exchange, serving, proxyDoor)
  }
  const beginHttp1 = (exchange: Exchange) => {
    clientErrors.began(exchange)
    begin(exchange, refusalOfPreamble(exchange))
  }
  const sessions = new Http2Sessions(settings, (stream, raw, socket) => {
    const { exchange, refusal } = streamExchange(nextId(), stream, raw, socket, settings)
    begin(exchange, refusal)
  })

  const upgrades = new Upgrades({
    findPlan: () => inForce().plan,
    clientErrors,
    linger,
    nextId,
    begin: beginHttp1,
  })
  const tls = certificates && settings.tls && tlsOptions(settings.tls, certificates, timeouts.handshake)
  const server = createHttp1Server(settings, tls, {
    Response: farewell.Response,
    onRequest: (incoming, response) =>
      turns.take(incoming, response, () =>
        beginHttp1(new Exchange(nextId(), incoming.url ?? '', incoming, response)),
      ),
    shouldUpgrade: (incoming) => !overload.isShedding && upgrades.shouldTake(incoming),
    onUpgrade: (incoming, socket, head) => upgrades.take(incoming, socket, head),
    onConnectMethod: ({ httpVersion }, socket) =>
      clientErrors.refuse(socket, 'CONNECT', refuse('method_not_supported', `CONNECT ${httpVersion}`)),
    onClientError: (error, socket) => clientErrors.failed(error, socket),
  })
  if (certificates === undefined) {
    server.on('connection', (socket: Socket) => linger.watch(socket))
  } else {
    takeHandshakes(server as SecureServer, certificates, {
      watchHttp1: (socket) => linger.watch(socket),
      openHttp2: (socket) => sessions.open(socket),
      onHandshakeFailed: () => inForce().books.metrics.handshakeFailed(),
    })
  }

  const { metrics } = inForce().books
  metrics.watchEventLoop(overload.delaySeconds)
  const isExempt = (address: Address) => inForce().plan.trustedProxies.contains(address)
  new ClientConnections({ max: limits.connectionsPerClient, isExempt, metrics }).guard(server)

  const { address, port } = await listen(server, { host: settings.address, port: settings.port })
  const close = async () => {
    await drain(server, { farewell, sessions, upgrades, linger }, timeouts)
    overload.close()
    bodyRates.close()
  }
  return { address, port, overload, close }
}
