/**
 * What the upstream receives of credentials: nothing in any place on any route, unless a route passes its own
 * credential on, and then that one alone, byte for byte.
 * @module
 */

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'

const places = [
  'Authorization',
  'X-Auth-Token',
  'X-Storage-Token',
  'X-Api-Key',
  'X-Sentry-Auth',
  'X-House-Key',
]

const routes: GatewayInput['routes'] = [
  { match: { path: '/strip/{rest*}' } },
  { match: { path: '/public/{rest*}' }, authorize: { public: true } },
  { match: { path: '/shadow/{rest*}' }, mode: 'shadow' },
  { match: { path: '/old/{rest*}' }, allowUnderscoreHeaders: true },
  // Its own place is one of no other route.
  { match: { path: '/house/{rest*}' }, credentials: [{ header: 'X-House-Key' }] },
  { match: { path: '/pass/{rest*}' }, upstreamCredential: 'passthrough' },
  {
    match: { path: '/pass-house/{rest*}' },
    credentials: [{ header: 'X-House-Key' }],
    upstreamCredential: 'passthrough',
  },
  {
    match: { path: '/pass-public/{rest*}' },
    authorize: { public: true },
    upstreamCredential: 'passthrough',
  },
  { match: { path: '/feed/{rest*}' }, credentials: [{ query: 'key' }] },
  {
    match: { path: '/pass-feed/{rest*}' },
    credentials: [{ query: 'key' }],
    upstreamCredential: 'passthrough',
  },
]

t.test('no credential goes on, not even from a place that only another route reads', async (t) => {
  const { upstream, gateway, text } = await start(t)
  const cases: readonly (readonly [path: string, headers: readonly HeaderLine[]])[] = [
    ['/strip/x', [['Authorization', `Bearer ${text}`], ...extras(text, 'Authorization')]],
    ['/house/x', [['X-House-Key', text], ...extras(text, 'X-House-Key', 'Authorization')]],
    ['/public/x', extras(text)],
    ['/shadow/x', extras(text)],
    ['/old/x', [['Authorization', `Bearer ${text}`], ...extras(text, 'Authorization').map(underscored)]],
    [`/feed/x?key=${text}`, extras(text, 'Authorization')],
  ]
  for (const [path, headers] of cases) {
    t.equal((await gateway.request({ path, headers })).status, 200, path)
    const received = upstream.requests.at(-1)
    t.notMatch(`${received?.target} ${JSON.stringify(received?.headers)}`, text, `${path}: no token`)
    const names = received?.headers.map(([name]) => name.toLowerCase().replaceAll('_', '-')) ?? []
    for (const place of places) t.notOk(names.includes(place.toLowerCase()), `${path}: no ${place}`)
  }
})

t.test('passthrough hands on the credential that was read, and no other', async (t) => {
  const { upstream, gateway, text } = await start(t)
  const cases: readonly (readonly [path: string, place: string, value: string])[] = [
    ['/pass/x', 'authorization', `bEaReR ${text}`],
    ['/pass-house/x', 'x-house-key', text],
    ['/pass-public/x', 'authorization', 'Basic dTpw'],
  ]
  for (const [path, own, value] of cases) {
    const headers: HeaderLine[] = [[own, value], ...extras(text, own, 'Authorization')]
    t.equal((await gateway.request({ path, headers })).status, 200, path)
    const received = upstream.requests.at(-1)
    for (const place of places) {
      const expected = place.toLowerCase() === own ? [value] : []
      t.strictSame(received?.header(place), expected, `${path}: ${place}`)
    }
  }
})

t.test('the query goes on byte for byte but for the credential, in every spelling of its name', async (t) => {
  const { upstream, gateway, text } = await start(t)
  const cases: readonly (readonly [query: string, forwarded: string])[] = [
    ['?key=T', ''],
    ['?KEY=T', ''],
    ['?%6bEy=T', ''],
    ['?%4B%45%59=T', ''],
    ['?+key+=T', ''],
    ['?a=%2f&&b==+%20&key=T&c&=&', '?a=%2f&&b==+%20&c&=&'],
    ['?key=T&monkey=1&key2=2&k%65ys=3', '?monkey=1&key2=2&k%65ys=3'],
    ['?a=%zz&key=T&%ff=%E9', '?a=%zz&%ff=%E9'],
  ]
  for (const [query, forwarded] of cases) {
    const path = `/feed/x${query.replace('T', text)}`
    t.equal((await gateway.request({ path })).status, 200, query)
    t.equal(upstream.requests.at(-1)?.target, `/feed/x${forwarded}`, query)
  }
  const path = `/pass-feed/x?a=1&%4bey=${text}&b`
  t.equal((await gateway.request({ path })).status, 200)
  t.equal(upstream.requests.at(-1)?.target, path, 'passthrough leaves it as it is')
})

t.test('whatever else a query holds, it arrives unchanged and without the token', async (t) => {
  const { upstream, gateway, text } = await start(t)
  const part = fc.stringMatching(/^[A-Za-z0-9%=+._~!$'()*,:@/?-]{0,12}$/)
  const isOther = (text: string) => !/key/i.test(unescapeAll(text))
  await fc.assert(
    fc.asyncProperty(fc.array(part.filter(isOther), { minLength: 1 }), fc.nat(), async (parts, place) => {
      const at = place % (parts.length + 1)
      const path = `/feed/x?${parts.toSpliced(at, 0, `key=${text}`).join('&')}`
      const { status } = await gateway.request({ path })
      const { target } = upstream.requests.at(-1) ?? {}
      if (status !== 200 || target !== `/feed/x?${parts.join('&')}`) throw new Error(`${path}: ${target}`)
    }),
    { numRuns: 100 },
  )
  t.notMatch(JSON.stringify(gateway.log), text)
})

/** A token in every customary place but some. */
function extras(text: string, ...without: readonly string[]): HeaderLine[] {
  const left = new Set(without.map((name) => name.toLowerCase()))
  return places.filter((name) => !left.has(name.toLowerCase())).map((name) => [name, `Bearer ${text}`])
}

function underscored([name, value]: HeaderLine): HeaderLine {
  return [name.replaceAll('-', '_'), value]
}

function unescapeAll(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

async function start(t: Test) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, { upstream: upstream.url, routes })
  return { upstream, gateway, text: (await gateway.issue()).text }
}
