/**
 * What only a proxy may say: where a request came from, what was asked for, and who asks.
 * @module
 */

import t from 'tap'
import { isOverHttp2 } from '../support/upstream-client.ts'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'
const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.toLowerCase(),
]
const underscored: readonly ((name: string) => string)[] = [
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('-', '_').toUpperCase(),
]
const asserted = [
  ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Forwarded-Prefix'],
  ...[
    'X-Forwarded-User',
    'X-Forwarded-Email',
    'X-Forwarded-Anything',
    'X-Forwarded',
    'Forwarded',
    'X-Real-IP',
  ],
  ...['X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Cluster-Client-IP', 'X-Original-URL'],
  ...['X-Original-URI', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'],
  ...['Proxy', 'Remote-User', 'X-Remote-User', 'X-Auth-Request-User', 'X-Request-Id', 'X-Sallyport-Subject'],
  ...['X-Sallyport-Token-Id', 'X-Sallyport-Whatever'],
]

t.test('nothing that a proxy asserts is taken from a client, in any spelling', async (t) => {
  const wire = await startWire(t, { routes: [{ match: { path: '/{path*}' }, allowUnderscoreHeaders: true }] })
  for (const name of asserted) {
    const lines = [...spellings, ...underscored].map((spell) => `${spell(name)}: evil`)
    const { headers } = await wire.forwarded(['GET /a HTTP/1.1', host, ...lines])
    t.strictSame(
      headers.filter(([, value]) => /evil/.test(value)),
      [],
      name,
    )
  }
})

t.test('a name with «_» is refused where the route does not allow it', async (t) => {
  const wire = await startWire(t)
  for (const name of ['X_Forwarded_For', 'x-real_ip', 'Harmless_Name', '_', 'Content_Length', 'HOST_']) {
    t.equal(codeOf(await wire.send(['GET /a HTTP/1.1', host, `${name}: evil`])), 'malformed_header', name)
  }
  t.strictSame(wire.upstream.requests, [])
})

t.test('a name with «_» goes on in its own spelling where the route allows it', async (t) => {
  const wire = await startWire(t, { routes: [{ match: { path: '/{path*}' }, allowUnderscoreHeaders: true }] })
  const { headers } = await wire.forwarded(['GET /a HTTP/1.1', host, 'My_Name: 1'])
  const spelling = isOverHttp2() ? 'my_name' : 'My_Name'
  t.ok(headers.some(([name, value]) => name === spelling && value === '1'))
})

t.test('the upstream learns one address: that of the socket, when no proxy is trusted', async (t) => {
  const wire = await startWire(t)
  const lines = [
    'X-Forwarded-For: 203.0.113.9',
    'x-forwarded-for: 198.51.100.1',
    'Forwarded: for=203.0.113.9',
  ]
  const request = await wire.forwarded(['GET /a HTTP/1.1', 'Host: Gate.example:81', ...lines])
  t.strictSame(request.header('x-forwarded-for'), ['127.0.0.1'])
  t.strictSame(request.header('forwarded'), ['for=127.0.0.1;host="gate.example:81";proto=http'])
  t.strictSame(request.header('x-forwarded-host'), ['gate.example:81'])
  t.strictSame(request.header('x-forwarded-proto'), ['http'])
})

t.test('behind trusted proxies it is the right-most hop that is none of them', async (t) => {
  const wire = await startWire(t, { clientAddress: { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } })
  const cases: readonly (readonly [lines: readonly string[], address: string])[] = [
    [['X-Forwarded-For: 203.0.113.9'], '203.0.113.9'],
    [['X-Forwarded-For: 1.1.1.1, 203.0.113.9, 10.0.0.7'], '203.0.113.9'],
    [['X-Forwarded-For: 10.0.0.1', 'X-FORWARDED-FOR: 203.0.113.9, 10.9.9.9'], '203.0.113.9'],
    [['X-Forwarded-For: garbage, 203.0.113.9'], '203.0.113.9'],
    [['X-Forwarded-For: 2001:db8::1'], '2001:db8::1'],
    [['X-Forwarded-For: 10.0.0.1, 10.0.0.2'], '10.0.0.1'],
    [['Forwarded: for=203.0.113.9'], '127.0.0.1'],
    [[], '127.0.0.1'],
  ]
  for (const [lines, address] of cases) {
    const request = await wire.forwarded(['GET /a HTTP/1.1', host, ...lines])
    t.strictSame(request.header('x-forwarded-for'), [address], lines.join(' | '))
    const node = address.includes(':') ? `"[${address}]"` : address
    t.strictSame(request.header('forwarded'), [`for=${node};host="gate.example";proto=http`])
  }
  for (const hop of ['203.0.113.9:80', 'unknown', '', '010.0.0.1', '203.0.113.9, ,10.0.0.1']) {
    t.equal(
      codeOf(await wire.send(['GET /a HTTP/1.1', host, `X-Forwarded-For: ${hop}`])),
      'malformed_header',
      hop,
    )
  }
})

t.test('identity headers say who was let through, and nothing that the client said', async (t) => {
  const wire = await startWire(t, {
    routes: [
      {
        match: { path: '/a' },
        identityHeaders: { 'X-Who': 'subject', 'X-May': 'scopes', 'X-Owner': 'owner' },
        allowUnderscoreHeaders: true,
      },
      { match: { path: '/b' }, identityHeaders: {}, allowUnderscoreHeaders: true },
      { match: { path: '/public' }, authorize: { public: true }, allowUnderscoreHeaders: true },
    ],
  })
  const { text } = await wire.gateway.issue({ subject: '100%real', scopes: ['a:b', 'c'] })
  const forged = ['X-Who: root', 'x_who: root', 'X-WHO: root', 'X-May: all', 'X_Owner: true', 'x-owner: true']
  const get = async (path: string) => {
    await wire.gateway.raw(
      `GET ${path} HTTP/1.1\r\n${host}\r\n${forged.join('\r\n')}\r\nAuthorization: Bearer ${text}\r\n\r\n`,
    )
    const request = wire.upstream.requests.at(-1)
    return request?.headers.filter(([name]) => /^x[-_](who|may|owner)$/i.test(name))
  }
  t.strictSame(await get('/a'), [
    ['x-who', '100%25real'],
    ['x-may', 'a:b c'],
    ['x-owner', 'false'],
  ])
  t.strictSame(await get('/b'), [], 'names that another route asserts are guarded here too')
  t.strictSame(await get('/public'), [])
})
