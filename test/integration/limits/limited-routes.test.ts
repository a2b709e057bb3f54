/**
 * A gateway with limits, as a client and an upstream see it: what is counted and what is not, 429 with its headers, and
 * a window that ends.
 * @module
 */

import t, { type Test } from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { parseItems } from '../../unit/limits/parse-items.ts'
import { eventually, requestLines } from '../gateway/refusal-checks.ts'

/** Ten seconds into a window of a minute. */
const startMs = 28_333_334 * 60_000 + 10_000
const perToken = { by: 'token', requests: 3, per: '1m' } as const

async function start(t: Test, input: Omit<GatewayInput, 'upstream' | 'routes'>, route: object = {}) {
  const upstream = await recordingUpstream(t, () => ({
    headers: [
      ['RateLimit', '"upstream";r=1'],
      ['Retry-After', '7'],
    ],
    body: 'ok',
  }))
  const clock = { at: startMs, now: () => clock.at }
  const routes = [{ name: 'api', match: { path: '/{rest*}' }, ...route }]
  const gateway = await startTestGateway(t, { upstream: upstream.url, routes, ...input }, clock)
  const send = (text: string, headers: readonly (readonly [string, string])[] = [], path = '/') =>
    gateway.request({ path, headers: [['Authorization', `Bearer ${text}`], ...headers] })
  return { upstream, clock, gateway, send }
}

/** Of the one limit that an answer tells of: what is left, and in how many seconds there is more. */
function left(answer: RawAnswer): readonly unknown[] {
  const [field = ''] = answer.header('ratelimit')
  return parseItems(field).map(({ value, parameters }) => [value, parameters.get('r'), parameters.get('t')])
}

t.test('the request beyond the limit is answered 429 and does not reach the upstream', async (t) => {
  const { upstream, gateway, send } = await start(t, { limits: { rate: perToken } }, { limits: ['rate'] })
  const { text, token } = await gateway.issue()
  for (const remaining of [2, 1, 0]) {
    const answer = await send(text)
    t.equal(answer.status, 200)
    t.strictSame(left(answer), [['rate', remaining, 50]])
    t.strictSame(answer.header('ratelimit-policy'), ['"rate";q=3;w=60'])
    t.strictSame(answer.header('retry-after'), ['7'], 'is the upstream’s own')
  }
  const refused = await send(text)
  t.equal(refused.status, 429)
  t.match(JSON.parse(refused.body.toString()), { code: 'rate_limited', status: 429 })
  t.strictSame(refused.header('retry-after'), ['50'])
  t.strictSame(left(refused), [['rate', 0, 50]])
  t.equal(upstream.requests.length, 3)
  t.equal(await gateway.metric('sallyport_limited_total{limit="rate"}'), 1)
  t.match(await eventually(() => requestLines(gateway)[3]), {
    ...{ outcome: 'rate_limited', limit: 'rate', code: 'rate_limited', tokenId: token.id },
  })
  t.equal((await send((await gateway.issue()).text)).status, 200, 'another token has a count of its own')
})

t.test('the window ends at its time, and not before', async (t) => {
  const { clock, gateway, send } = await start(t, { limits: { rate: perToken } }, { limits: ['rate'] })
  const { text } = await gateway.issue()
  for (let sent = 0; sent < 3; sent++) await send(text)
  clock.at = startMs + 49_999
  t.strictSame((await send(text)).header('retry-after'), ['1'])
  clock.at = startMs + 50_000
  t.strictSame(left(await send(text)), [['rate', 2, 60]])
})

t.test('what is refused for another reason uses up no quota of a token or subject', async (t) => {
  const limits = { rate: { ...perToken, by: 'subject' as const } }
  const { gateway, send } = await start(t, { limits }, { limits: ['rate'] })
  const { text } = await gateway.issue({ access: 'read-only' })
  const post = () =>
    gateway.request({ method: 'POST', headers: [['Authorization', `Bearer ${text}`]], body: 'x' })
  for (let sent = 0; sent < 5; sent++) {
    const refused = await post()
    t.equal(refused.status, 403)
    t.strictSame(refused.header('ratelimit'), [])
  }
  for (let sent = 0; sent < 5; sent++) t.equal((await send(text, [], '/a/../b')).status, 400)
  t.strictSame(left(await send(text)), [['rate', 2, 50]])
})

t.test(
  'by address, nobody is looked up beyond the limit, and what no route takes is not counted',
  async (t) => {
    const limits = { address: { by: 'address', requests: 4, per: '1m' } } as const
    const { gateway, send } = await start(t, { limits }, { limits: ['address'] })
    const { text } = await gateway.issue()
    for (let sent = 0; sent < 5; sent++) t.equal((await send(text, [['X_Y', '1']])).status, 400)
    t.equal((await gateway.request({})).status, 401, 'who presents nothing is counted, too')
    for (let sent = 0; sent < 3; sent++) t.equal((await send(newTokenText('personal').reveal())).status, 401)
    const lookups = () => gateway.metric('sallyport_store_queries_total{operation="find"}')
    const before = await lookups()
    for (let sent = 0; sent < 3; sent++) t.equal((await send(newTokenText('personal').reveal())).status, 429)
    t.equal((await send(text)).status, 429)
    t.equal(await lookups(), before)
  },
)

t.test('several limits are told together, and one that refuses uses up none of the others', async (t) => {
  const limits = { rate: perToken, daily: { by: 'subject', requests: 10, per: '24h' } } as const
  const { clock, gateway, send } = await start(t, { limits }, { limits: ['daily', 'rate'] })
  const { text } = await gateway.issue()
  for (let sent = 0; sent < 3; sent++) await send(text)
  for (let sent = 0; sent < 5; sent++) t.equal((await send(text)).status, 429)
  clock.at += 60_000
  t.match(left(await send(text)), [
    ['rate', 2, 50],
    ['daily', 6],
  ])
})

t.test('a limit may be hidden, and the upstream’s own headers are passed on then', async (t) => {
  const limits = { rate: { ...perToken, announce: false } }
  const { gateway, send } = await start(t, { limits }, { limits: ['rate'] })
  const { text } = await gateway.issue()
  const answer = await send(text)
  t.strictSame(answer.header('ratelimit'), ['"upstream";r=1'])
  t.strictSame(answer.header('ratelimit-policy'), [])
  await send(text)
  await send(text)
  const refused = await send(text)
  t.equal(refused.status, 429)
  t.strictSame(refused.header('ratelimit'), [])
  t.strictSame(refused.header('retry-after'), ['50'])
})

t.test('a limit for every route needs no name, and counts them together unless by route', async (t) => {
  const limits = {
    all: { ...perToken, requests: 2, everyRoute: true },
    each: { by: ['route', 'token'] as ('route' | 'token')[], requests: 5, per: '1m', everyRoute: true },
  }
  const upstream = await recordingUpstream(t)
  const routes = ['a', 'b'].map((name) => ({ name, match: { path: `/${name}` } }))
  const gateway = await startTestGateway(
    t,
    { upstream: upstream.url, routes, limits },
    { now: () => startMs },
  )
  const { text } = await gateway.issue()
  const send = (path: string) => gateway.request({ path, headers: [['Authorization', `Bearer ${text}`]] })
  t.strictSame(
    left(await send('/a')).map((each) => (each as unknown[]).slice(0, 2)),
    [
      ['all', 1],
      ['each', 4],
    ],
  )
  t.strictSame(
    left(await send('/b')).map((each) => (each as unknown[]).slice(0, 2)),
    [
      ['all', 0],
      ['each', 4],
    ],
  )
  t.equal((await send('/a')).status, 429)
})

t.test('in shadow mode all is counted and nothing refused', async (t) => {
  const { upstream, gateway, send } = await start(
    t,
    { limits: { rate: perToken } },
    { limits: ['rate'], mode: 'shadow' },
  )
  const { text } = await gateway.issue()
  for (let sent = 0; sent < 5; sent++) t.equal((await send(text)).status, 200)
  t.equal(upstream.requests.length, 5)
  t.equal(await gateway.metric('sallyport_would_refuse_total{route="api",code="rate_limited"}'), 2)
  t.equal(await gateway.metric('sallyport_limited_total{limit="rate"}'), 2)
  t.match(await eventually(() => requestLines(gateway)[4]), {
    ...{ outcome: 'shadowed', code: 'rate_limited', limit: 'rate', status: 200 },
  })
})
