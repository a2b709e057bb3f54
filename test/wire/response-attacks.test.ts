/**
 * The rows of attacks/response-attacks.ts, and answers that nobody asked for.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import { get, host } from './attacks/attack.ts'
import { failureOfResponse, responseAttacks } from './attacks/response-attacks.ts'
import { codeOf } from './wire.ts'
import { startWatchedWire } from './witness.ts'

for (const { id, title, inputs } of responseAttacks) {
  t.test(`${id} ${title}`, async (t) => {
    const wire = await startWatchedWire(t)
    for (const input of inputs) {
      wire.upstream.reply(() => ({ raw: Buffer.from(input.raw, 'latin1') }))
      const answer = await answerOf(wire.gateway.port, wire.token)
      t.equal(failureOfResponse(input, answer), undefined, JSON.stringify(input.raw))
      if (answer?.status === 502) t.equal(codeOf(answer), 'upstream_invalid', JSON.stringify(input.raw))
    }
    t.equal(wire.upstream.requests.length, inputs.length, 'each was asked once')
  })
}

t.test('B44 an answer that nobody asked for is never the answer to the next request', async (t) => {
  const upstream = await eagerUpstream(t)
  const wire = await startWatchedWire(t, {
    upstreams: { legacy: { url: `http://127.0.0.1:${upstream.port}`, connections: 1 } },
  })
  const { text } = await wire.gateway.issue({ subject: 'victim' })
  for (const when of ['with', 'behind', 'later'] as const) {
    upstream.pushes = when
    for (const [path, token] of Object.entries({ '/attacker': wire.token, '/victim': text })) {
      const answer = await rawRequest(wire.gateway.port, get(path).replace('TOKEN', token))
      t.equal(answer.body.toString(), path, `${when}: ${path}`)
      t.strictSame(answer.header('x-stolen'), [], when)
    }
  }
})

/** `undefined` where the connection broke off within the answer. */
function answerOf(port: number, token: string): Promise<RawAnswer | undefined> {
  return rawRequest(port, get('/a').replace('TOKEN', token)).catch(() => undefined)
}

/** Answers each request with its path, and pushes another answer along, behind it, or once the connection is idle. */
async function eagerUpstream(t: Test) {
  const upstream = { port: 0, pushes: 'with' as 'with' | 'behind' | 'later' }
  const sockets = new Set<Socket>()
  const extra = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Stolen: 1\r\n\r\nstolen'
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const path = /^GET (\S+) /.exec(bytes.toString('latin1'))?.[1] ?? ''
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`
      if (upstream.pushes === 'with') socket.write(answer + extra)
      else {
        socket.write(answer)
        if (upstream.pushes === 'behind') setImmediate(() => socket.write(extra))
        else setTimeout(() => socket.write(extra), 30)
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  upstream.port = (server.address() as AddressInfo).port
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return upstream
}

t.test('B70 a status, a reason and a header line of an upstream never become two', async (t) => {
  const wire = await startWatchedWire(t)
  const headers = ['X-A: caf\u00e9\t\u00ff', 'Location: /%0d%0aSet-Cookie:x=1', 'X-B: \\r\\nSet-Cookie: x=1']
  const raw = `HTTP/1.1 299 Quite: OK\t\u00e9\r\n${headers.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`
  wire.upstream.reply(() => ({ raw: Buffer.from(raw, 'latin1') }))
  const answer = await wire.send(['GET /a HTTP/1.1', host])
  // undici cannot read bytes beyond ASCII that are no UTF-8, and then there is no reason.
  t.ok(['Quite: OK\t\u00e9', ''].includes(answer.statusText), answer.statusText)
  t.strictSame(
    answer.headers.slice(0, 3).map(([name, value]) => `${name}: ${value}`),
    headers,
  )
  t.strictSame(answer.header('set-cookie'), [])
})
