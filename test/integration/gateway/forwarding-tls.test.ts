/**
 * An upstream over TLS is verified: nothing is sent to a server that cannot prove its name, unless the settings say so.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'

const folder = join(import.meta.dirname, '../../support/certificates')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

async function startService(t: { teardown(act: () => void): void }, demands: ServerOptions = {}) {
  const seen: (string | undefined)[] = []
  const server = createServer(
    { cert: read('service.pem'), key: read('service.key'), ...demands },
    (request, response) => {
      seen.push(request.url)
      response.end('over TLS')
    },
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const routes = [{ match: { path: '/{rest*}' }, authorize: { public: true } }]
const cases = [
  ['an authority that nobody knows', {}, 502],
  ['a name that is not in the certificate', { ca: read('ca.pem') }, 502],
  ['the private authority and the right name', { ca: read('ca.pem'), serverName: 'service.test' }, 200],
  ['no verification, by name', { verify: false }, 200],
] as const

for (const [name, tls, status] of cases) {
  t.test(`with ${name} the answer is ${status}`, async (t) => {
    const { url, seen } = await startService(t)
    const gateway = await startTestGateway(t, { upstream: url, routes, upstreams: { legacy: { url, tls } } })
    const answer = await gateway.request({ path: '/a' })
    t.equal(answer.status, status)
    t.strictSame(seen, status === 200 ? ['/a'] : [], 'what reached the service')
    t.notMatch(answer.body.toString(), /certificate|127\.0\.0\.1|service\.test/i, 'no internal word')
  })
}

const known = { certificate: read('client.pem'), key: read('client.key') }
const unknown = { certificate: read('service.pem'), key: read('service.key') }
const identities = [
  ['no certificate of its own', {}, 502],
  ['a certificate of another authority', unknown, 502],
  ['the certificate that the service asks for', known, 200],
] as const

for (const [name, identity, status] of identities) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    t.test(
      `to a service that asks for one, over ${maxVersion}, with ${name} the answer is ${status}`,
      async (t) => {
        const demands = { requestCert: true, rejectUnauthorized: true, ca: read('client-ca.pem'), maxVersion }
        const { url, seen } = await startService(t, demands)
        const tls = { ca: read('ca.pem'), serverName: 'service.test', ...identity }
        const gateway = await startTestGateway(t, {
          upstream: url,
          routes,
          upstreams: { legacy: { url, tls } },
        })
        const answer = await gateway.request({ path: '/a' })
        t.equal(answer.status, status)
        t.strictSame(seen, status === 200 ? ['/a'] : [], 'what reached the service')
        t.notMatch(answer.body.toString(), /certificate|ssl|alert|service\.test/i, 'no internal word')
        t.notMatch(JSON.stringify(gateway.log), /PRIVATE KEY/)
      },
    )
  }
}

t.test('of several targets over TLS the one that cannot prove its name gets nothing', async (t) => {
  const good = await startService(t)
  const bad = await startService(t, { cert: read('client.pem'), key: read('client.key') })
  const tls = { ca: read('ca.pem'), serverName: 'service.test' }
  const upstreams = { legacy: { targets: [bad.url, good.url], tls } }
  const gateway = await startTestGateway(t, { upstream: good.url, routes, upstreams })
  for (let index = 0; index < 8; index++) t.equal((await gateway.request({ path: '/a' })).status, 200)
  t.equal(good.seen.length, 8)
  t.strictSame(bad.seen, [])
  t.equal(
    await gateway.metric(`sallyport_upstream_target_up{upstream="legacy",target="${bad.url}"}`),
    0,
    'and is left out',
  )
})
