/**
 * An upstream over TLS is verified: nothing is sent to a server that cannot prove its name, unless the settings say so.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'

const folder = join(import.meta.dirname, '../../support/certificates')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

async function startService(t: { teardown(act: () => void): void }) {
  const seen: (string | undefined)[] = []
  const server = createServer(
    { cert: read('service.pem'), key: read('service.key') },
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
