/**
 * What a request leaves behind when it is over, however it ended: nothing. And what a configuration leaves behind that
 * another has replaced: nothing, once its last request has ended. Live objects are counted, behind a full collection.
 * @module
 */

import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import t from 'tap'
import { type Kind, kinds } from '../../bench/soak/kinds.ts'
import { startSoakUpstream } from '../../bench/soak/start-soak-upstream.ts'
import { Http1Client } from '../../src/forward/http1/http1-client.ts'
import { Http1Connection } from '../../src/forward/http1/http1-connection.ts'
import { PooledCall } from '../../src/forward/pooled-call.ts'
import { ResponseCarrier } from '../../src/forward/response-carrier.ts'
import { Tunnel } from '../../src/forward/tunnel/tunnel.ts'
import { UpgradeCall } from '../../src/forward/tunnel/upgrade-call.ts'
import { Generation } from '../../src/generations.ts'
import { Exchange } from '../../src/request/exchange.ts'
import { RouteTable } from '../../src/route/route-table.ts'
import { type Configuration, startFollowedGateway } from '../support/followed-gateway.ts'
import { freePort } from '../support/free-port.ts'
import { startTestGateway } from '../support/gateway.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { until } from '../support/until.ts'

const turns = 250
const atOnce = 25
/** A register or a memo may hold the last one of something; a leak holds one for each turn. */
const heldMax = 10

const ofExchanges = { Exchange, PooledCall, Http1Connection, ResponseCarrier, Tunnel, UpgradeCall }
const ofGenerations = { Generation, Http1Client, RouteTable }

/** More of what every client can send without end, fewer of what takes long. */
const turnsOf: Readonly<Record<string, number>> = {
  'a known token': 1_000,
  'an unknown token': 1_000,
  'no token': 1_000,
  'a token that may not': 1_000,
  'half a head': 100,
  'reads slowly': 10,
  'an event stream': 20,
  'a WebSocket': 25,
  'a token issued and revoked': 25,
  '1 MiB down': 50,
  '1 MiB up': 50,
}

function countsOf(classes: Readonly<Record<string, abstract new (...args: never[]) => unknown>>) {
  return Object.fromEntries(
    Object.entries(classes).map(([name, ofClass]) => [
      name,
      queryObjects(ofClass as never, { format: 'count' }),
    ]),
  ) as Readonly<Record<string, number>>
}

function listenersOnProcess(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
}

/** How many of each kind of resource the event loop knows of. */
function resources(): Readonly<Record<string, number>> {
  const byKind = Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind)
  return Object.fromEntries(Object.entries(byKind).map(([kind, all = []]) => [kind, all.length]))
}

const heldConnections = (counts: Readonly<Record<string, number>>) => counts.TCPSocketWrap ?? 0

async function take({ turn }: Kind, scene: Parameters<Kind['turn']>[0], count: number): Promise<void> {
  let left = count
  const one = async () => {
    while (left-- > 0) await turn(scene)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, one))
}

t.test(
  'requests of every kind, hundreds of each, leave no exchange, call, connection, timer or listener',
  async (t) => {
    const upstream = await startSoakUpstream(t)
    const gateway = await startTestGateway(t, {
      upstream: upstream.url,
      upstreams: { legacy: { url: upstream.url }, down: { url: `http://127.0.0.1:${await freePort()}` } },
      routes: [
        { name: 'live', match: { path: '/legacy/live' }, upgrade: { protocols: ['websocket'] } },
        { name: 'legacy', match: { path: '/legacy/{path*}' } },
        { name: 'turning', match: { path: '/turning/{path*}' } },
        { name: 'down', match: { path: '/down/{path*}' }, upstream: 'down' },
      ],
      log: { requests: false },
    })
    const agent = new Agent({ keepAlive: true })
    t.teardown(() => agent.destroy())
    const [writer, reader] = [await gateway.issue(), await gateway.issue({ access: 'read-only' })]
    const scene = { port: gateway.port, gateway, agent, token: writer.text, readOnlyToken: reader.text }
    const isQuiet = async () => {
      const inFlight = await gateway.metric('sallyport_exchanges_in_flight')
      // That question had a connection of its own, and idle ones to upstreams stay for some seconds.
      await sleep(100)
      return inFlight === 0 && heldConnections(resources()) === 0
    }

    // Whatever is made once is made here.
    await Promise.all(kinds.map((kind) => take(kind, scene, 2)))
    agent.destroy()
    await until(isQuiet, 20_000)
    const before = { resources: resources(), listeners: listenersOnProcess() }

    for (const kind of kinds) await take(kind, scene, turnsOf[kind.name] ?? turns)
    agent.destroy()
    await until(isQuiet, 20_000)
    for (const [name, count] of Object.entries(countsOf(ofExchanges))) {
      t.ok(count <= heldMax, `${count} × ${name}`)
    }
    t.same(resources(), before.resources)
    t.equal(listenersOnProcess(), before.listeners)
  },
)

t.test('fifty reloads under requests leave one configuration and the clients of its upstreams', async (t) => {
  const [a, b] = [await recordingUpstream(t), await recordingUpstream(t)]
  const gateway = await startFollowedGateway(t, configuration(0))
  const listeners = listenersOnProcess()
  for (let reload = 1; reload <= 50; reload++) {
    await Promise.all(Array.from({ length: 20 }, () => gateway.request({ path: '/x' })))
    gateway.write(configuration(reload))
    gateway.reload()
  }
  t.equal((await gateway.request({ path: '/x' })).status, 200)
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  const counts = countsOf(ofGenerations)
  t.ok((counts.Generation ?? 0) <= 2, `${counts.Generation} generations`)
  t.ok((counts.RouteTable ?? 0) <= 2, `${counts.RouteTable} route tables`)
  t.ok((counts.Http1Client ?? 0) <= 4, `${counts.Http1Client} clients for 2 upstreams`)
  t.equal(a.requests.length + b.requests.length, 50 * 20 + 1)
  t.equal(listenersOnProcess(), listeners)

  function configuration(reload: number): Configuration {
    const [first, second] = reload % 2 === 0 ? [a, b] : [b, a]
    const authorize = { public: true }
    return {
      upstreams: {
        one: { url: first.url, queue: 100 + reload },
        other: { url: second.url, queue: 100 + reload },
      },
      routes: [{ name: `route-${reload}`, match: { path: '/{path*}' }, upstream: 'one', authorize }],
    }
  }
})
