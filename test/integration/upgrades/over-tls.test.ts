/**
 * A tunnel to an upstream over TLS: nothing is sent to a server that cannot prove its name.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { WebSocketServer } from 'ws'
import { nextMessage, openSocket, startTunnels, UnexpectedAnswer } from './scene.ts'

const folder = join(import.meta.dirname, '../../support/certificates')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

async function startService(t: { teardown(act: () => void): void }) {
  const seen: (string | undefined)[] = []
  const server = createServer({ cert: read('service.pem'), key: read('service.key') }, (_, response) =>
    response.writeHead(403).end('not here'),
  )
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    seen.push(request.url)
    if (request.url === '/refused') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    else
      sockets.handleUpgrade(request, socket, head, (client) =>
        client.on('message', (data, isBinary) => client.send(data, { binary: isBinary })),
      )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const cases = [
  ['an authority that nobody knows', {}, 502],
  ['a name that is not in the certificate', { ca: read('ca.pem') }, 502],
  ['the private authority and the right name', { ca: read('ca.pem'), serverName: 'service.test' }, 101],
  ['no verification, by name', { verify: false }, 101],
] as const

for (const [name, tls, status] of cases) {
  t.test(`with ${name} the answer is ${status}`, async (t) => {
    const { url, seen } = await startService(t)
    const gateway = await startTunnels(t, url, { upstreams: { legacy: { url, tls } } })
    const { text } = await gateway.issue()
    const opened = await openSocket(t, gateway, text).catch((error) => error)
    t.same(seen, status === 101 ? ['/chat'] : [], 'what reached the service')
    if (status === 502) {
      t.ok(opened instanceof UnexpectedAnswer)
      t.equal(opened.response.statusCode, 502)
      return
    }
    const large = Buffer.alloc(1024 * 1024, 'x')
    opened.send(large)
    t.ok(large.equals(await nextMessage(opened)))
    const refused = await openSocket(t, gateway, text, '/refused').catch((error) => error)
    t.equal(refused.response?.statusCode, 403)
    opened.close(1000, 'done')
    const [code, reason] = await once(opened, 'close')
    t.same([code, String(reason)], [1000, 'done'])
  })
}
