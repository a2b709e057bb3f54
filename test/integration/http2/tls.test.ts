/**
 * HTTP/2 over TLS: it is chosen there or not spoken at all, and the upstream is verified as over HTTP/1.1.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer, type SecureServerOptions, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Scope } from '../../support/private-server.ts'
import { startHttp2Gateway } from './stage.ts'

const folder = join(import.meta.dirname, '../../support/certificates')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const own = { cert: read('service.pem'), key: read('service.key') }
const trusted = { ca: read('ca.pem'), serverName: 'service.test' }

async function listen(t: Scope, server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => void server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startService(t: Scope, demands: SecureServerOptions = {}) {
  const seen: string[] = []
  const names: unknown[] = []
  const server = createSecureServer({ ...own, ...demands })
  server.on('session', (session) => t.teardown(() => session.destroy()))
  server.on('secureConnection', (socket) => names.push(socket.servername))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    seen.push(`${headers[':scheme']} ${headers[':path']}`)
    stream.respond({ ':status': 200 })
    stream.end('over TLS')
  })
  return { url: await listen(t, server), seen, names }
}

const cases = [
  ['an authority that nobody knows', {}, 502],
  ['a name that is not in the certificate', { ca: read('ca.pem') }, 502],
  ['the private authority and the right name', trusted, 200],
] as const

for (const [name, tls, status] of cases) {
  t.test(`with ${name} the answer is ${status}`, async (t) => {
    const { url, seen, names } = await startService(t)
    const gateway = await startHttp2Gateway(t, [url], { tls })
    const answer = await gateway.request({ path: '/a' })
    t.equal(answer.status, status)
    t.strictSame(seen, status === 200 ? ['https /a'] : [])
    if (status === 200) t.strictSame(names, ['service.test'])
    t.notMatch(answer.body.toString(), /certificate|127\.0\.0\.1|service\.test/i, 'no internal word')
  })
}

const identities = [
  ['no certificate of its own', {}, 502],
  ['a certificate of another authority', { certificate: own.cert, key: own.key }, 502],
  ['the one that it asks for', { certificate: read('client.pem'), key: read('client.key') }, 200],
] as const

for (const [name, identity, status] of identities) {
  t.test(`to a service that asks for a certificate, with ${name} the answer is ${status}`, async (t) => {
    const demands = { requestCert: true, rejectUnauthorized: true, ca: read('client-ca.pem') }
    const { url, seen } = await startService(t, demands)
    const gateway = await startHttp2Gateway(t, [url], { tls: { ...trusted, ...identity } })
    t.equal((await gateway.request({ path: '/a' })).status, status)
    t.equal(seen.length, status === 200 ? 1 : 0)
  })
}

t.test('a service that does not choose h2 gets nothing in its place, and the log says why', async (t) => {
  const seen: (string | undefined)[] = []
  const services = [
    createHttpsServer(own, (request, response) => {
      seen.push(request.url)
      response.end('downgraded')
    }),
    createHttpsServer({ ...own, ALPNProtocols: [] }, (request, response) => {
      seen.push(request.url)
      response.end('downgraded')
    }),
  ]
  for (const server of services) {
    const url = await listen(t, server)
    const gateway = await startHttp2Gateway(t, [url], { tls: trusted })
    const answer = await gateway.request({ path: '/a' })
    t.equal(answer.status, 502)
    t.match(answer.body.toString(), /upstream_invalid/)
    t.match(JSON.stringify(gateway.log), /the upstream does not speak HTTP\/2: its TLS/)
  }
  t.strictSame(seen, [])
})
