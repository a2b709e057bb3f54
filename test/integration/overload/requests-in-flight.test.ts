/**
 * As many requests in flight as are allowed: the next one is refused before anything is done for it, and those that
 * are under way get done.
 * @module
 */

import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { request } from '../../support/raw-request.ts'
import { readMetrics } from '../../support/read-metrics.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { echoUpstream, nextMessage, openSocket, startTunnels } from '../upgrades/scene.ts'
import { codeOf, converse, get } from './conversation.ts'

const overloaded = 'sallyport_exchanges_total{route="(none)",outcome="overloaded"}'
const finds = 'sallyport_store_queries_total{operation="find"}'

/** A gateway that takes one request at a time, and one that is under way. */
async function startFull(t: Test) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const upstream = await recordingUpstream(t, async ({ target }) => {
    if (target === '/held') await released
    return { body: target }
  })
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    listen: { overload: { requests: 1 } },
    routes: [{ match: { path: '/{one}' }, credentials: ['bearer'] }],
  })
  const bearer = async () => `Authorization: Bearer ${(await gateway.issue()).text}`
  const first = await converse(t, gateway.port)
  const held = first.ask(get('/held', await bearer()))
  await until(() => upstream.requests.length === 1)
  return { upstream, gateway, bearer, held, release, second: await converse(t, gateway.port) }
}

t.test('one request too many is told when to come again, and nothing is done for it', async (t) => {
  const { upstream, gateway, bearer, held, release, second } = await startFull(t)
  // A token that the gateway has never seen: it would have to be looked up.
  const token = await bearer()
  const findsBefore = await gateway.metric(finds)
  const lookupsBefore = lookups(await readMetrics(gateway.adminPort))

  for (let round = 1; round <= 3; round++) {
    const refused = await second.ask(get('/second', token))
    t.equal(refused.status, 503)
    t.equal(codeOf(refused), 'overloaded')
    t.same(refused.header('retry-after'), ['1'])
    t.notMatch(refused.header('connection').join(), /close/, 'the connection stays')
    await until(async () => (await gateway.metric(overloaded)) === round)
  }
  t.equal(upstream.requests.length, 1, 'the upstream has the first request only')
  t.equal(await gateway.metric(finds), findsBefore, 'the store was not asked')
  t.equal(lookups(await readMetrics(gateway.adminPort)), lookupsBefore, 'and no tier before it')
  t.match(
    gateway.log.filter(({ code }) => code === 'overloaded'),
    [{ status: 503, owner: 'platform', host: 'a', path: '/second' }, {}, {}],
  )

  release()
  t.equal((await held).body.toString(), '/held', 'what was under way gets done')
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  const served = await second.ask(get('/second', token))
  t.equal(served.status, 200, 'on the same connection')
  t.equal(upstream.requests.length, 2)
  t.notOk(second.isClosed)
})

t.test('health and metrics are asked elsewhere, and never refused', async (t) => {
  const { gateway, second, held, release } = await startFull(t)
  t.equal((await second.ask(get('/second'))).status, 503)
  for (const path of ['/livez', '/readyz', '/metrics']) {
    t.equal((await request(gateway.adminPort, { path })).status, 200, path)
  }
  release()
  await held
})

t.test('a head that has two readings is refused as such, and is the last on its connection', async (t) => {
  const { gateway, upstream, held, release } = await startFull(t)
  const heads = [
    ['malformed_host', 'GET /x HTTP/1.1\r\n\r\n'],
    ['malformed_request', 'POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['malformed_header', get('/x', 'Transfer_Encoding: chunked')],
    ['overloaded', get('/x', 'X_Name: which its route may allow')],
  ] as const
  for (const [code, head] of heads) {
    const client = await converse(t, gateway.port)
    const answer = await client.ask(`${head}${get('/behind')}`)
    t.equal(codeOf(answer), code)
    await until(() => client.isClosed)
    await t.rejects(client.answer(), 'nothing behind it is taken for a request')
  }
  t.equal(upstream.requests.length, 1)
  release()
  await held
})

t.test(
  'requests that wait for their turn on a connection are no load, and are judged when it comes',
  async (t) => {
    const gates = new Map(['/one', '/two'].map((path) => [path, Promise.withResolvers<void>()]))
    const upstream = await recordingUpstream(t, async ({ target }) => {
      await gates.get(target)?.promise
      return { body: target }
    })
    const gateway = await startTestGateway(t, {
      upstream: upstream.url,
      listen: { overload: { requests: 2 } },
      routes: [{ match: { path: '/{one}' }, authorize: { public: true } }],
    })
    const [first, second] = [await converse(t, gateway.port), await converse(t, gateway.port)]
    first.socket.write(get('/one'))
    second.socket.write(get('/two'))
    await until(() => upstream.requests.length === 2)
    first.socket.write(get('/behind').repeat(3))
    t.equal(codeOf(await (await converse(t, gateway.port)).ask(get('/third'))), 'overloaded')
    t.equal(await gateway.metric('sallyport_exchanges_in_flight'), 2)
    gates.get('/two')?.resolve()
    t.equal((await second.answer()).status, 200)
    t.equal((await second.ask(get('/next'))).status, 200, 'there is room again')
    gates.get('/one')?.resolve()
    t.equal((await first.answer()).body.toString(), '/one')
    for (let n = 0; n < 3; n++) t.equal((await first.answer()).status, 200)
    t.same(
      upstream.requests.map(({ target }) => target),
      ['/one', '/two', '/next', '/behind', '/behind', '/behind'],
    )
  },
)

t.test('without a bound every request is let in', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    listen: { overload: { requests: 0, eventLoopDelay: '0s' } },
    routes: [{ match: { path: '/{one}' }, authorize: { public: true } }],
  })
  const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.request({ path: '/x' })))
  t.ok(answers.every(({ status }) => status === 200))
  const names = [...(await readMetrics(gateway.adminPort)).keys()]
  t.notOk(names.includes('sallyport_event_loop_delay_seconds'), 'what is switched off is not measured')
})

t.test('tunnels count, and are not dropped; an upgrade too many keeps its connection', async (t) => {
  const upstream = await echoUpstream(t)
  const gateway = await startTunnels(t, upstream.url, { listen: { overload: { requests: 1 } } })
  const { text } = await gateway.issue()
  const tunnel = await openSocket(t, gateway, text)
  const client = await converse(t, gateway.port)
  const upgrade = get(
    '/x',
    `Authorization: Bearer ${text}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  )
  for (let round = 0; round < 2; round++) {
    const refused = await client.ask(upgrade)
    t.equal(codeOf(refused), 'overloaded')
    t.same(refused.header('retry-after'), ['1'])
  }
  t.equal(upstream.upgrades.length, 1, 'only the first one was carried')
  tunnel.send('still here')
  t.equal(String(await nextMessage(tunnel)), 'still here')

  tunnel.close()
  await once(tunnel, 'close')
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  const switched = await client.ask(upgrade)
  t.equal(switched.status, 101, 'on the connection that was refused before')
})

function lookups(samples: ReadonlyMap<string, number>): number {
  const counts = [...samples].filter(([name]) => name.startsWith('sallyport_token_lookups_total'))
  return counts.reduce((sum, [, count]) => sum + count, 0)
}
