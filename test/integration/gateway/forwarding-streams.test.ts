/**
 * Bodies stream both ways: as fast as the slower side, and no longer than both sides are there.
 * @module
 */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { residentBytes } from '../../support/sampled-memory.ts'
import { until } from '../../support/until.ts'

const mebibyte = 1_048_576
const chunk = Buffer.alloc(64 * 1024, 'x')

t.test('a client that reads slowly holds the upstream back, and takes no memory', async (t) => {
  let sent = 0
  const body = new Readable({
    read() {
      sent += chunk.length
      this.push(sent > 256 * mebibyte ? null : chunk)
    },
  })
  const upstream = await recordingUpstream(t, () => ({ body }))
  const { socket } = await begin(t, upstream.url, 'GET')
  const before = residentBytes(process.pid)
  socket.pause()
  await settled(() => sent)
  t.ok(sent < 32 * mebibyte, `the upstream sent ${sent / mebibyte} MiB to a client that read nothing`)
  t.ok(residentBytes(process.pid) - before < 64 * mebibyte)

  let received = 0
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length
  })
  socket.resume()
  await until(() => received > 256 * mebibyte, 30_000)
})

t.test('an upstream that reads slowly holds the client back, and takes no memory', async (t) => {
  const server = createServer((connection) => connection.pause()).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const upstreamSockets: Socket[] = []
  server.on('connection', (connection) => upstreamSockets.push(connection))
  const { port } = server.address() as { port: number }
  const { socket } = await begin(t, `http://127.0.0.1:${port}`, 'PUT', `Content-Length: ${256 * mebibyte}`)
  const before = residentBytes(process.pid)
  const fill = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', fill)
  fill()
  await settled(() => socket.bytesWritten - socket.writableLength)
  t.ok(
    socket.bytesWritten < 32 * mebibyte,
    `${socket.bytesWritten / mebibyte} MiB were taken from the client`,
  )
  t.ok(residentBytes(process.pid) - before < 64 * mebibyte)
  for (const connection of upstreamSockets) connection.destroy()
})

t.test('a client that leaves in the middle of a download ends the upstream request', async (t) => {
  const body = new Readable({ read() {} })
  const upstream = await recordingUpstream(t, () => ({ body }))
  const { gateway, socket } = await begin(t, upstream.url, 'GET')
  body.push('first')
  await once(socket, 'data')
  t.equal(body.destroyed, false)
  socket.destroy()
  await until(() => body.destroyed)
  await until(() => gateway.log.at(-1)?.outcome === 'aborted')
})

t.test('a client that leaves before any answer ends the upstream request', async (t) => {
  const gone = Promise.withResolvers<void>()
  const upstream = createServer((connection) => connection.on('close', gone.resolve).resume())
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => upstream.close())
  const { port } = upstream.address() as { port: number }
  const { socket } = await begin(t, `http://127.0.0.1:${port}`, 'GET')
  await once(upstream, 'connection')
  socket.destroy()
  await gone.promise
})

t.test('a client that leaves in the middle of an upload leaves no whole body behind', async (t) => {
  const upstream = await recordingUpstream(t)
  for (const framing of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
    const { socket } = await begin(t, upstream.url, 'PUT', framing)
    socket.write(`${chunk.length.toString(16)}\r\n`)
    socket.write(chunk)
    await until(() => upstream.requests.at(-1)?.state === 'receiving')
    socket.destroy()
    await until(() => upstream.requests.at(-1)?.state === 'aborted')
  }
  t.equal(upstream.requests.length, 2)
})

t.test('a client that leaves while it waits for a connection is never forwarded', async (t) => {
  const answered = Promise.withResolvers<void>()
  const upstream = await recordingUpstream(t, async () => {
    await answered.promise
    return { body: 'ok' }
  })
  const { gateway, head, socket } = await begin(t, upstream.url, 'GET')
  await until(() => upstream.requests.length === 1)
  const waiting = connect(gateway.port, '127.0.0.1')
  waiting.write(head)
  await sleep(50)
  waiting.destroy()
  await until(() => gateway.log.at(-1)?.outcome === 'aborted')
  answered.resolve()
  await once(socket, 'data')
  await sleep(50)
  t.equal(upstream.requests.length, 1)
})

interface Begun {
  readonly gateway: TestGateway
  readonly socket: Socket
  readonly head: string
}

/** A request whose head is on its way, over the only connection to the upstream. */
async function begin(t: Scope, url: string, method: string, ...lines: readonly string[]): Promise<Begun> {
  const gateway = await startTestGateway(t, {
    upstream: url,
    upstreams: { legacy: { url, connections: 1 } },
    routes: [{ match: { path: '/{path*}' } }],
    listen: { timeouts: { drain: '0s' } },
  })
  const { text } = await gateway.issue()
  const socket = connect(gateway.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  const credential = `Authorization: Bearer ${text}`
  const head = `${[`${method} /a HTTP/1.1`, 'Host: gate.example', credential, ...lines].join('\r\n')}\r\n\r\n`
  socket.write(head)
  return { gateway, socket, head }
}

/** Returns when a number has not changed for a quarter of a second. */
async function settled(read: () => number): Promise<void> {
  let last = -1
  while (last !== read()) {
    last = read()
    await sleep(250)
  }
}
