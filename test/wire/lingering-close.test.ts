/**
 * A client that is still sending when its connection ends gets to read why: the gateway closes in stages, and within
 * bounds.
 * @module
 */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parseResponse } from '../support/parse-response.ts'
import { get, message, post } from './attacks/attack.ts'
import { startWire, type Wire } from './wire.ts'

const megabyte = Buffer.alloc(1024 * 1024, 'x')
const trials = 100
const body = ['Content-Length: 10485760', 'Content-Type: text/plain']

/** What each client sends before it sends ten megabytes more, and the status that it must read. */
const clients: readonly (readonly [name: string, head: string, status: number])[] = [
  ['bytes that are not HTTP', 'NOT HTTP\r\n\r\n', 400],
  ['CONNECT', message(['CONNECT other:443 HTTP/1.1', 'Host: other:443'], ''), 501],
  ['a head in doubt', post(['Content_Length: 5', ...body], ''), 400],
  ['an expectation that the client does not wait for', post(['Expect: 100-continue', ...body], ''), 403],
  ['a request behind which the client wants to close', post(['Connection: close', ...body], ''), 403],
  ['an answer before the body', post(['Connection: close', ...body], '').replace('/a', '/early'), 200],
  ['bytes behind a request that asks to close', get('/early', 'Connection: close'), 200],
  [
    'an upgrade that is answered otherwise',
    get(
      '/early',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
    200,
  ],
]

async function startRefusing(t: Test): Promise<Wire> {
  return startWire(t, {
    replyTo: () => ({ body: 'early' }),
    upstreamOptions: { replyAtHead: true },
    listen: { timeouts: { drain: '300ms' } },
    routes: [
      { match: { path: '/early' }, upgrade: { protocols: ['websocket'] } },
      { match: { path: '/a' }, authorize: { kinds: [] } },
    ],
  })
}

/** Writes all before it reads anything, as simple clients do. */
async function writeThenRead(socket: Socket, head: string): Promise<number> {
  const broken = once(socket, 'close').then(() => {
    throw new Error('the connection was reset')
  })
  broken.catch(() => {})
  socket.on('error', () => {})
  socket.pause()
  socket.write(head, 'latin1')
  for (let count = 0; count < 10; count++) {
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.write(megabyte, () => resolve())
    await Promise.race([promise, broken])
  }
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.resume()
  await once(socket, 'end')
  const parsed = parseResponse(Buffer.concat(chunks), { isHead: false, isEnded: true })
  if (parsed === undefined) throw new Error('no whole answer')
  return parsed.response.status
}

t.test('a client that sends on while it is answered reads the whole of its answer, every time', async (t) => {
  const wire = await startRefusing(t)
  for (let trial = 0; trial < trials; trial++) {
    const [name = '', head = '', status] = clients[trial % clients.length] ?? []
    const socket = await wire.connect()
    const read = await writeThenRead(socket, head.replace('TOKEN', wire.token)).catch(String)
    t.equal(read, status, name)
    socket.destroy()
  }
  t.notOk(wire.upstream.requests.some(({ target }) => target !== '/early'))
})

t.test('a client that never stops is cut off', async (t) => {
  const wire = await startRefusing(t)
  t.test('after a number of bytes', async (t) => {
    const socket = await wire.connect()
    const closed = once(socket, 'close')
    socket.on('error', () => {})
    socket.resume().write('NOT HTTP\r\n\r\n')
    let sent = 0
    while (!socket.destroyed && sent < 512) {
      sent++
      if (!socket.write(megabyte)) await Promise.race([once(socket, 'drain').catch(() => {}), closed])
    }
    await closed
    t.ok(sent < 256, 'it did not get to send half a gigabyte')
  })
  t.test('in time, however slowly it sends', async () => {
    const socket = await wire.connect()
    socket.on('error', () => {})
    socket.resume().write('NOT HTTP\r\n\r\n')
    const trickle = setInterval(() => socket.write('x'), 100)
    await once(socket, 'close')
    clearInterval(trickle)
  })
})

t.test('a client that sends on does not keep the gateway from closing', async (t) => {
  const wire = await startRefusing(t)
  const socket = await wire.connect()
  socket.on('error', () => {})
  socket.resume().write('NOT HTTP\r\n\r\n')
  await once(socket, 'end')
  const trickle = setInterval(() => socket.write('x'), 20)
  t.teardown(() => clearInterval(trickle))
  const closed = wire.gateway.close().then(() => 'closed')
  t.equal(await Promise.race([closed, sleep(4_000, 'waiting', { ref: false })]), 'closed')
})
