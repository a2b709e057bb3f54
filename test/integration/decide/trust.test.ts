/**
 * Who is believed: what a question says of a request comes from a proxy that has proved itself, once and whole, or
 * nothing is let through.
 * @module
 */

import t from 'tap'
import { rawRequest } from '../../support/raw-request.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { doorNames, type Held, phrase, proof, secret, startAsking } from './asking.ts'

const routes = [{ match: { path: '/x' } }, { match: { path: '/open' }, authorize: { public: true } }]

for (const door of doorNames) {
  t.test(`${door}: whoever has not proved itself is told nothing, not even of a public route`, async (t) => {
    const { ask, gateway } = await startAsking(t, { routes })
    const { text } = await gateway.issue()
    const held: Held = { path: '/open', headers: [['Authorization', `Bearer ${text}`]] }
    t.equal((await ask(door, held)).status, 200)
    const proofs: readonly (readonly HeaderLine[])[] = [
      [],
      [['X-Sallyport-Proxy', '']],
      [['X-Sallyport-Proxy', `${secret}x`]],
      [['X-Sallyport-Proxy', secret.toUpperCase()]],
      [['X_Sallyport_Proxy', secret]],
      [['Authorization', `Bearer ${secret}`]],
      [
        ['X-Sallyport-Proxy', 'what-a-client-has-written-into-its-request'],
        ['X-Sallyport-Proxy', secret],
      ],
    ]
    for (const shown of proofs) {
      const answer = await ask(door, { path: '/open' }, shown)
      t.equal(answer.status, 503, JSON.stringify(shown))
      t.match(answer.body.toString(), '"code":"untrusted_proxy"')
      t.match(gateway.log.at(-1), { outcome: 'untrusted_proxy', proxy: '(unknown)' })
    }
    t.notMatch(JSON.stringify(gateway.log), secret)
  })

  t.test(`${door}: what is missing or stands twice is refused`, async (t) => {
    const { gateway, ask } = await startAsking(t, { routes })
    const { headers, path, method } = phrase(door, { path: '/open' })
    t.equal((await ask(door, { path: '/open' })).status, 200)
    const metadata = headers.filter(([name]) => name !== 'Content-Length')
    for (const [name, value] of metadata) {
      const without = headers.filter(([other]) => other !== name)
      const put = async (lines: readonly HeaderLine[]) => {
        const head = [...lines, ...proof].map(([key, text]) => `${key}: ${text}\r\n`).join('')
        return rawRequest(gateway.decisionPort, `${method} ${path} HTTP/1.1\r\n${head}\r\n`)
      }
      const hostLine: HeaderLine[] = door === 'envoy' ? [] : [['Host', 'gateway']]
      t.not((await put([...hostLine, ...without])).status, 200, `no ${name}`)
      t.not((await put([...hostLine, ...without, [name, '']])).status, 200, `empty ${name}`)
      const twice = await put([...hostLine, ...headers, [name, value]])
      // Hops of one list may stand on several lines.
      if (name !== 'X-Forwarded-For') t.not(twice.status, 200, `${name} twice`)
    }
  })

  t.test(`${door}: a target, a host and a method are read as strictly as on the wire`, async (t) => {
    const { ask } = await startAsking(t, {
      routes: [{ match: { path: '/{rest*}' }, authorize: { public: true } }],
    })
    t.equal((await ask(door, { path: '/a/b' })).status, 200)
    const odd: readonly Held[] = [
      { path: '/a/../b' },
      { path: '/a//b' },
      { path: '/a%2fb' },
      { path: '/%2e%2e/b' },
      { path: '/a;b' },
      { path: '/a\\b' },
      { path: '/a#b' },
      { path: '*' },
      { host: '' },
      { host: 'a,b' },
      { host: 'a b' },
      { host: 'user@a' },
      { host: 'a:99999' },
      { scheme: 'ftp' },
      { scheme: 'https,http' },
      { peer: 'unknown' },
      { peer: '10.0.0.01' },
      { peer: '192.0.2.7:80' },
      { headers: [['X_Owner', '1']] },
      { headers: [['Transfer_Encoding', 'chunked']] },
    ]
    for (const held of odd) t.not((await ask(door, held)).status, 200, JSON.stringify(held))
  })
}

t.test('the client that counts is the peer of the proxy, or whom a trusted peer names', async (t) => {
  const { ask, gateway } = await startAsking(t, {
    routes: [{ match: { path: '/x' }, authorize: { public: true } }],
    clientAddress: { trustedProxies: ['10.0.0.0/8'] },
  })
  for (const door of ['traefik', 'caddy', 'haproxy', 'envoy'] as const) {
    t.equal((await ask(door, { peer: '6.6.6.6, 192.0.2.7' })).status, 200)
    t.match(gateway.log.at(-1), { clientAddress: '192.0.2.7' }, 'whoever it names')
    t.equal((await ask(door, { peer: '6.6.6.6, 192.0.2.9, 10.1.1.1' })).status, 200)
    t.match(gateway.log.at(-1), { clientAddress: '192.0.2.9' }, 'the peer is trusted')
  }
  const spoofed: Held = { headers: [['X-Forwarded-For', '6.6.6.6']] }
  t.equal((await ask('nginx', spoofed)).status, 200)
  t.match(gateway.log.at(-1), { clientAddress: '192.0.2.7' })
})

t.test('what a client writes as metadata of another kind of proxy is not believed', async (t) => {
  const { ask } = await startAsking(t, { routes })
  const spoofed: readonly HeaderLine[] = [
    ['X-Original-URI', '/open'],
    ['X-Rewrite-Url', '/open'],
    ['X-Forwarded-Prefix', '/open'],
  ]
  for (const door of doorNames) t.not((await ask(door, { path: '/x', headers: spoofed })).status, 200, door)
  t.not((await ask('nginx', { path: '/x', headers: [['X-Forwarded-Uri', '/open']] })).status, 200)
  t.not((await ask('traefik', { path: '/x', headers: [['X-Original-URL', 'http://a/open']] })).status, 200)
})
