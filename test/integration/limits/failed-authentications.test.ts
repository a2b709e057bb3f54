/**
 * Somebody tries credentials: the address may fail so often and then costs no look-ups, while tokens that are known to
 * be good go on from there, and everybody else behind the same proxy does.
 * @module
 */

import { Agent, request } from 'node:http'
import t, { type Test } from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'

const startMs = 28_333_334 * 60_000
const lookups = 'sallyport_store_queries_total{operation="find"}'

async function start(t: Test, input: object = {}) {
  const upstream = await recordingUpstream(t)
  const clock = { at: startMs, now: () => clock.at }
  const routes = [{ name: 'api', match: { path: '/{rest*}' } }]
  const bounded = { upstream: upstream.url, routes, authentication: {}, ...input }
  const gateway = await startTestGateway(t, bounded, clock)
  const send = async (text: string, from?: string) => {
    const forwarded = from === undefined ? [] : ([['X-Forwarded-For', from]] as const)
    return gateway.request({ headers: [['Authorization', `Bearer ${text}`], ...forwarded] })
  }
  const sendBad = async (count: number, from?: string) => {
    const statuses: number[] = []
    for (let sent = 0; sent < count; sent++) {
      statuses.push((await send(newTokenText('personal').reveal(), from)).status)
    }
    return statuses
  }
  return { gateway, clock, send, sendBad }
}

/** Statuses of many requests over a few connections. */
async function flood(port: number, count: number): Promise<ReadonlyMap<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const statuses = new Map<number, number>()
  let sent = 0
  const sendOne = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const authorization = `Bearer ${newTokenText('personal').reveal()}`
    request({ port, host: '127.0.0.1', agent, headers: { authorization } }, (response) => {
      const { statusCode = 0 } = response
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
      response.resume().once('end', resolve)
    })
      .once('error', reject)
      .end()
    return promise
  }
  const worker = async () => {
    while (sent++ < count) await sendOne()
  }
  await Promise.all(Array.from({ length: 20 }, worker))
  agent.destroy()
  return statuses
}

t.test('ten thousand bad tokens cost no more look-ups than an address may have', async (t) => {
  const { gateway, clock, send, sendBad } = await start(t)
  const known = await gateway.issue()
  t.equal((await send(known.text)).status, 200)
  const before = await gateway.metric(lookups)

  t.strictSame(await sendBad(21), Array(21).fill(401), 'twenty, and one of the trickle')
  t.equal((await gateway.metric(lookups)) - before, 21)
  t.strictSame([...(await flood(gateway.port, 10_000))], [[429, 10_000]])
  t.equal((await gateway.metric(lookups)) - before, 21)
  t.equal(await gateway.metric('sallyport_authentications_throttled_total'), 10_000)

  const refused = await send(newTokenText('personal').reveal())
  t.match(JSON.parse(refused.body.toString()), { code: 'too_many_failures', status: 429 })
  t.strictSame(refused.header('retry-after'), ['60'])
  t.equal((await send(known.text)).status, 200, 'who is known goes on')

  const unknown = await gateway.issue()
  t.equal((await send(unknown.text)).status, 429, 'who is not has to wait for the trickle')
  clock.at += 1_000
  t.equal((await send(unknown.text)).status, 200)
  t.equal((await send(unknown.text)).status, 200, 'and is known from then on')
  clock.at += 59_000
  t.strictSame(await sendBad(1), [401], 'the window is over')
})

t.test('what is no text of a token counts, what presents nothing does not', async (t) => {
  const { gateway, send } = await start(t)
  for (let sent = 0; sent < 40; sent++) t.equal((await gateway.request({})).status, 401)
  for (let sent = 0; sent < 21; sent++) t.equal((await send('guess')).status, 401)
  t.equal((await send('guess')).status, 429)
  t.equal((await gateway.request({})).status, 401)
})

t.test('tokens that are dead are told so as often as they come, and hold up nobody else', async (t) => {
  const { gateway, send, sendBad } = await start(t)
  for (let each = 0; each < 30; each++) {
    const { text, token } = await gateway.issue()
    await gateway.store.revokeToken(token.id, { at: startMs, by: 'test', origin: 'test', cause: 'leaked' })
    t.equal((await send(text)).status, 401)
    t.equal((await send(text)).status, 401)
  }
  t.equal((await send((await gateway.issue()).text)).status, 200)
  t.strictSame(await sendBad(20), Array(20).fill(401), 'none of them was counted')
})

t.test('the same bad text again uses up no place of the trickle', async (t) => {
  const { gateway, clock, send, sendBad } = await start(t)
  const bad = newTokenText('personal').reveal()
  await sendBad(20)
  t.equal((await send(bad)).status, 401, 'the place of this second')
  clock.at += 1_000
  t.equal((await send(bad)).status, 429)
  t.equal((await send((await gateway.issue()).text)).status, 200, 'the place is left for another')
})

t.test('behind a trusted proxy each client fails for itself, and the proxy for nobody', async (t) => {
  const { gateway, send, sendBad } = await start(t, {
    clientAddress: { trustedProxies: ['127.0.0.0/8'] },
  })
  await sendBad(21, '192.0.2.1')
  t.strictSame(await sendBad(2, '192.0.2.1'), [429, 429])
  t.equal((await send((await gateway.issue()).text, '192.0.2.2')).status, 200)
  t.strictSame(await sendBad(1, '192.0.2.2'), [401])
  t.strictSame(new Set(await sendBad(40)), new Set([401]), 'the proxy itself')
  await sendBad(11, '2001:db8::1')
  await sendBad(10, '2001:db8::2')
  t.strictSame(await sendBad(1, '2001:db8::3'), [429], 'a /64 is one client')
  t.strictSame(await sendBad(1, '2001:db8:0:1::1'), [401])
})

t.test('a login that the service refuses is a failure, and it is not asked beyond the bound', async (t) => {
  const swift = await recordingUpstream(t, () => ({ status: 401 }))
  const gateway = await startTestGateway(
    t,
    {
      upstream: swift.url,
      authentication: { failures: { attempts: 3 } },
      routes: [{ match: { path: '/{path*}' }, pathMode: 'raw-exact', profile: { swift: {} } }],
    },
    { now: () => startMs },
  )
  const logIn = (key: string) =>
    gateway.request({
      path: '/auth/v1.0',
      headers: [
        ['X-Auth-User', 'test:tester'],
        ['X-Auth-Key', key],
      ],
    })
  for (const status of [401, 401, 401, 401, 429, 429]) t.equal((await logIn('guess')).status, status)
  t.equal(swift.requests.length, 4, 'three, and one of the trickle')
  t.strictSame((await logIn('guess')).header('retry-after'), ['60'])
})

t.test('the bound is as it is set, and can be taken away', async (t) => {
  const bounded = await start(t, { authentication: { failures: { attempts: 2, per: '1h' } } })
  t.strictSame(await bounded.sendBad(4), [401, 401, 401, 429])
  const unbounded = await start(t, { authentication: { failures: { attempts: 0 } } })
  t.strictSame(new Set(await unbounded.sendBad(60)), new Set([401]))
})
