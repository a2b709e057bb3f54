/**
 * Who asks and whence: only the gateway says so, and only out of its own record and its own sockets.
 * @module
 */

import t from 'tap'
import { startTestGateway } from '../support/gateway.ts'
import { host } from './attacks/attack.ts'
import { codeOf } from './wire.ts'
import { startWatchedWire } from './witness.ts'

const identityHeaders = { 'X-Owner': 'owner', 'X-Scopes': 'scopes', 'X-Who': 'subject' } as const

t.test(
  'B22 B25 an identity is what the grant says: deleted first, also where there is nothing to say',
  async (t) => {
    const wire = await startWatchedWire(t, {
      routes: [
        { match: { path: '/{path*}' }, identityHeaders, allowUnderscoreHeaders: true },
        { match: { path: '/public/{path*}' }, authorize: { public: true }, allowUnderscoreHeaders: true },
      ],
    })
    const forged = [
      'X-Owner: admin',
      'x-owner: admin',
      'X_OWNER: admin',
      'X-Scopes: admin',
      'x_scopes: admin',
    ]
    const lines = [
      host,
      ...forged,
      'X-Who: admin',
      'X-Sallyport-Subject: admin',
      'X-Sallyport_Token_Id: admin',
    ]
    const request = await wire.forwarded(['GET /a HTTP/1.1', ...lines])
    t.strictSame(
      request.headers.filter(([name]) => /^x[-_](owner|scopes|who|sallyport.*)$/i.test(name)),
      [
        ['x-owner', 'true'],
        ['x-who', 'alice'],
      ],
      'a token without scopes has no header of them, and the client’s is gone',
    )
    const anonymous = await wire.forwarded(['GET /public/a HTTP/1.1', ...lines])
    t.notMatch(JSON.stringify(anonymous.headers), /admin/)
  },
)

t.test('B38 a hop that is no address is refused, and is not taken for «somewhere»', async (t) => {
  const wire = await startWatchedWire(t, { clientAddress: { trustedProxies: ['127.0.0.0/8'] } })
  for (const hop of [
    'a',
    'unknown',
    '',
    '-',
    'localhost',
    '203.0.113.9:80',
    '[2001:db8::1]',
    '203.0.113.9;',
    '"1.1.1.1"',
  ]) {
    const answer = await wire.send(['GET /a HTTP/1.1', host, `X-Forwarded-For: ${hop}`])
    t.equal(codeOf(answer), 'malformed_header', hop)
  }
  t.equal(wire.upstream.requests.length, 0)
})

t.test('B39 proxies are trusted by address: a number of hops is no setting', async (t) => {
  for (const trustedProxies of [['1'], [1], 1, true, ['*'], ['loopback']]) {
    const started = startTestGateway(t, {
      upstream: 'http://127.0.0.1:9',
      routes: [{ match: { path: '/{path*}' } }],
      clientAddress: { trustedProxies: trustedProxies as string[] },
    })
    await t.rejects(started, JSON.stringify(trustedProxies))
  }
  const wire = await startWatchedWire(t, { clientAddress: { trustedProxies: ['192.0.2.1'] } })
  const request = await wire.forwarded(['GET /a HTTP/1.1', host, 'X-Forwarded-For: 203.0.113.9'])
  t.strictSame(request.header('x-forwarded-for'), ['127.0.0.1'], 'reached directly, it believes the socket')
})

t.test('B40 an address has one spelling, and a mapped one is the IPv4 address', async (t) => {
  const wire = await startWatchedWire(t, { clientAddress: { trustedProxies: ['127.0.0.1'] } })
  const { text } = await wire.gateway.issue({ networks: ['10.0.0.0/8'] })
  const from = (hop: string) =>
    wire.gateway.raw(
      `GET /a HTTP/1.1\r\n${host}\r\nAuthorization: Bearer ${text}\r\nX-Forwarded-For: ${hop}\r\n\r\n`,
    )
  for (const hop of ['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:a00:1']) {
    t.equal((await from(hop)).status, 200, hop)
    t.strictSame(wire.upstream.requests.at(-1)?.header('x-forwarded-for'), ['10.0.0.1'], hop)
  }
  const sent = wire.upstream.requests.length
  for (const hop of ['8.0.0.1', '::10.0.0.1', '::ffff:8.0.0.1', '64:ff9b::10.0.0.1', '2002:a00:1::']) {
    t.equal(codeOf(await from(hop)), 'network_not_allowed', hop)
  }
  const spellings = [
    '010.0.0.1',
    '10.1',
    '10.0.1',
    '167772161',
    '0xa000001',
    '0xa.0.0.1',
    '10.0.0.1.',
    '10.0.0.256',
  ]
  for (const hop of [
    ...spellings,
    '::ffff:010.0.0.1',
    'fe80::1%eth0',
    '10.0.0.1/8',
    '\u00b910.0.0.1',
    '+10.0.0.1',
  ]) {
    t.equal(codeOf(await from(hop)), 'malformed_header', hop)
  }
  t.equal(wire.upstream.requests.length, sent)
})
