/**
 * A body that waits to be asked for is the upstream's to ask for: its verdict reaches the client before a byte of the
 * body is read, and no connection is used again on which the body may or may not come.
 * @module
 */

import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { until } from '../support/until.ts'
import { useUndici } from '../support/upstream-client.ts'
import { startWire, type Wire } from './wire.ts'

const upload = ['PUT /a HTTP/1.1', 'Host: gate.example', 'Content-Length: 5', 'Expect: 100-continue']

t.test('the body is asked for when the upstream asks for it, and not before', async (t) => {
  const { wire, heads, sockets } = await begin(t)
  const { socket, received } = await expecting(wire)
  await until(() => heads.length === 1)
  t.match(
    heads[0],
    /^PUT \/a HTTP\/1\.1\r\n[\s\S]*\r\nexpect: 100-continue\r\n[\s\S]*content-length: 5\r\n\r\n$/,
  )
  await silence()
  t.equal(received(), '', 'nobody has asked for it')
  sockets[0]?.write('HTTP/1.1 100 Continue\r\nX-Internal: 1\r\n\r\n')
  await until(() => received() !== '')
  t.equal(received(), 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('hello')
  await until(() => heads[0]?.endsWith('hello'))
  sockets[0]?.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n')
  await until(() => received().includes('201'))
  t.notMatch(received().slice(received().indexOf('201')), /connection: close/i)
  socket.write(`GET /b HTTP/1.1\r\nHost: x\r\n${wire.credential}\r\n\r\n`)
  await until(() => heads[0]?.includes('GET /b'))
  t.equal(sockets.length, 1, 'both connections go on')
})

t.test(
  'a final answer instead comes down, the body is never asked for, and both connections end',
  async (t) => {
    for (const [status, reason] of [
      [401, 'Unauthorized'],
      [413, 'Content Too Large'],
      [417, 'Expectation Failed'],
      [200, 'OK'],
    ]) {
      const { wire, heads, sockets } = await begin(t)
      const { socket, received } = await expecting(wire)
      await until(() => heads.length === 1)
      sockets[0]?.write(`HTTP/1.1 ${status} ${reason}\r\nContent-Length: 2\r\n\r\nno`)
      await once(socket, 'close')
      t.match(received(), new RegExp(`^HTTP/1\\.1 ${status} ${reason}\r\n.*connection: close\r\n.*no$`, 'is'))
      t.notMatch(received(), /100 Continue/)
      await until(() => sockets[0]?.closed)
      t.match(heads[0], /\r\n\r\n$/, 'not a byte of the body went up')
    }
  },
)

t.test('an upstream that says nothing gets the body after a second', async (t) => {
  const { wire, heads, sockets } = await begin(t)
  const { socket, received } = await expecting(wire)
  await until(() => heads.length === 1)
  await until(() => received() === 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('hello')
  await until(() => heads[0]?.endsWith('hello'))
  sockets[0]?.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await until(() => received().endsWith('ok'))
  t.equal(received().split('100 Continue').length, 2, 'one that comes late is not passed on')
})

t.test('an upstream that hangs up instead is a 502, and the body was not asked for', async (t) => {
  const { wire, heads, sockets } = await begin(t)
  const { socket, received } = await expecting(wire)
  await until(() => heads.length === 1)
  sockets[0]?.destroy()
  await once(socket, 'close')
  t.match(received(), /^HTTP\/1\.1 502 [\s\S]*connection: close\r\n/i)
})

t.test('a client that leaves while it waits ends the upstream request', async (t) => {
  const { wire, heads, sockets } = await begin(t)
  const { socket } = await expecting(wire)
  await until(() => heads.length === 1)
  socket.destroy()
  await until(() => sockets[0]?.closed)
  t.match(heads[0], /\r\n\r\n$/)
})

t.test('interim answers of other kinds do not ask for the body', async (t) => {
  const { wire, heads, sockets } = await begin(t)
  const { received } = await expecting(wire)
  await until(() => heads.length === 1)
  sockets[0]?.write('HTTP/1.1 102 Processing\r\n\r\n')
  await until(() => received() !== '')
  t.equal(received(), 'HTTP/1.1 102 Processing\r\n\r\n')
})

t.test('an expectation means nothing without a body, or from a client of HTTP/1.0', async (t) => {
  const wire = await startWire(t)
  const empty = await wire.forwarded([...upload.with(2, 'Content-Length: 0')])
  t.strictSame(empty.header('expect'), [])
  const answer = await wire.send(upload.with(0, 'PUT /a HTTP/1.0'), 'hello')
  t.strictSame([answer.status, answer.interim], [200, []])
  t.strictSame(wire.upstream.requests.at(-1)?.header('expect'), [])
  t.equal(wire.upstream.requests.at(-1)?.body.toString(), 'hello')
})

t.test('undici sends no expectations: the body is asked for as soon as there is a connection', async (t) => {
  useUndici()
  const { wire, heads, sockets } = await begin(t)
  const { socket, received } = await expecting(wire)
  await until(() => received() === 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('hello')
  await until(() => heads[0]?.includes('hello'))
  t.notMatch(heads[0], /expect/i)
  sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await until(() => received().endsWith('ok'))
})

/** An upstream that says only what the test writes, and what reached it over each of its connections. */
async function begin(t: Test) {
  const heads: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const index = sockets.push(socket) - 1
    socket.setEncoding('latin1').on('error', () => {})
    socket.on('data', (bytes) => {
      heads[index] = (heads[index] ?? '') + bytes
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const wire = await startWire(t, { upstreams: { legacy: { url } } })
  return { wire, heads, sockets }
}

/** A client that has sent its head, and waits. */
async function expecting(wire: Wire) {
  const socket = await wire.connect()
  let bytes = ''
  socket.setEncoding('latin1').on('data', (more) => {
    bytes += more
  })
  socket.write(`${[...upload, wire.credential].join('\r\n')}\r\n\r\n`)
  return { socket, received: () => bytes }
}

/** Long enough for an answer that should not come to have come. */
function silence(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100))
}
