/**
 * Every deadline and every way to fail: each is reported once, and gives its place back.
 * @module
 */

import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Http1Client } from '../../../src/forward/http1/http1-client.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import { codeOf, type Outcome, responseOf, startRawUpstream } from './raw-upstream.ts'

const short = { headers: 300, bodyIdle: 300 }

t.test('an upstream that does not answer in time fails the call, and loses the connection', async (t) => {
  const upstream = await startRawUpstream(t, { timeouts: short })
  const silent = upstream.send()
  const tookMs = await until(() => silent.ends.length === 1)
  t.equal(codeOf(silent), 'HTTP1_HEAD_TIMEOUT')
  t.ok(tookMs >= 250 && tookMs < 2_000, `${tookMs} ms`)
  await until(() => upstream.accepted[0]?.socket.readableEnded)
})

t.test('an upstream that sends its head a byte at a time does not put the deadline off', async (t) => {
  const bytes = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(60_000)}`
  let sent = 0
  const upstream = await startRawUpstream(t, {
    timeouts: short,
    onData: ({ socket }) => {
      const dripping = setInterval(() => socket.write(bytes.charAt(sent++)), 20)
      t.teardown(() => clearInterval(dripping))
      socket.on('error', () => clearInterval(dripping))
    },
  })
  const slow = upstream.send()
  await until(() => slow.ends.length === 1)
  t.equal(codeOf(slow), 'HTTP1_HEAD_TIMEOUT')
  t.ok(sent > 5)
})

t.test('a call that waits for a connection too long fails like one that waits for an answer', async (t) => {
  const upstream = await startRawUpstream(t, {
    timeouts: { headers: 300 },
    onData: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\n\r\nstreaming'),
  })
  const streaming = upstream.send()
  const waiting = upstream.send({ target: '/never' })
  await until(() => waiting.ends.length === 1)
  t.equal(codeOf(waiting), 'HTTP1_HEAD_TIMEOUT')
  t.strictSame(streaming.ends, [], 'the one that has its answer goes on')
  t.notMatch(upstream.accepted[0]?.received, /never/)
})

t.test('a body that stalls fails, and one that nobody reads does not', async (t) => {
  const upstream = await startRawUpstream(t, {
    connections: 2,
    timeouts: short,
    onData: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  })
  const stalled = upstream.send()
  const held = upstream.send()
  await until(() => held.body === 'half')
  held.call.pause()
  await until(() => stalled.ends.length === 1)
  t.equal(codeOf(stalled), 'HTTP1_BODY_TIMEOUT')
  await sleep(400)
  t.strictSame(held.ends, [])
  held.call.resume()
  await until(() => held.ends.length === 1)
  t.equal(codeOf(held), 'HTTP1_BODY_TIMEOUT')
})

t.test('a client that is slow to send its body is not the upstream\u2019s delay', async (t) => {
  const upstream = await startRawUpstream(t, {
    timeouts: short,
    onData: ({ socket, received }) => {
      if (received.includes('0\r\n\r\n')) socket.write(responseOf('ok'))
    },
  })
  const body = new Readable({ read() {} })
  const put = upstream.send({ method: 'PUT', body })
  body.push('a')
  await sleep(900)
  t.strictSame(put.ends, [])
  body.push('b')
  body.push(null)
  await until(() => put.ends.length === 1)
  t.equal(put.body, 'ok')
  t.match(upstream.accepted[0]?.received, /\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/)
})

t.test('an upstream that takes no more of a body in time fails the call', async (t) => {
  const upstream = await startRawUpstream(t, { timeouts: short })
  const large = Readable.from(Array.from({ length: 500 }, () => Buffer.alloc(65_536)))
  const put = upstream.send({ method: 'PUT', body: large })
  await until(() => upstream.accepted.length === 1)
  upstream.accepted[0]?.socket.pause()
  await until(() => put.ends.length === 1)
  t.equal(codeOf(put), 'HTTP1_HEAD_TIMEOUT')
})

t.test('a body that breaks off is never whole to the upstream', async (t) => {
  const upstream = await startRawUpstream(t, { connections: 3 })
  const bodies = [
    { body: new Readable({ read() {} }), headers: [] },
    { body: new Readable({ read() {} }), headers: ['content-length', '10'] },
    { body: Readable.from(['short']), headers: ['content-length', '10'] },
  ]
  const outcomes = bodies.map((body) => upstream.send({ method: 'PUT', ...body }))
  for (const { body } of bodies.slice(0, 2)) body.push('part')
  await until(() => upstream.accepted.filter(({ received }) => /part|short/.test(received)).length === 3)
  for (const { body } of bodies.slice(0, 2)) body.destroy()
  await until(() => outcomes.every(({ ends }) => ends.length === 1))
  await until(() => upstream.accepted.every(({ socket }) => socket.readableEnded || socket.destroyed))
  for (const { received } of upstream.accepted) t.notMatch(received, /0\r\n\r\n$/)
})

t.test('more bytes than announced never leave', async (t) => {
  const upstream = await startRawUpstream(t)
  const smuggled = 'GET /smuggled HTTP/1.1\r\n\r\n'
  const body = Readable.from([Buffer.from(`ok${smuggled}`)])
  const put = upstream.send({ method: 'PUT', headers: ['content-length', '2'], body })
  await until(() => put.ends.length === 1)
  t.equal(codeOf(put), 'HTTP1_REQUEST')
  t.notMatch(upstream.accepted[0]?.received, /smuggled/)
})

t.test('what cannot be sent is refused before a connection is made', async (t) => {
  const upstream = await startRawUpstream(t)
  const outcome = upstream.send({ headers: ['x', 'a\r\nb'] })
  t.equal(codeOf(outcome), 'HTTP1_REQUEST')
  await sleep(30)
  t.equal(upstream.accepted.length, 0)
})

t.test(
  'when nothing can be reached, everything that waits fails, and the next request tries again',
  async (t) => {
    const port = await freePort()
    const client = new Http1Client({
      address: { host: '127.0.0.1', port },
      connections: 2,
      timeouts: { connect: 1000, headers: 5000, bodyIdle: 5000, keepAlive: 5000 },
    })
    t.teardown(() => client.close())
    const errors: unknown[] = []
    const bodies: string[] = []
    const send = () =>
      client.send(
        { method: 'GET', target: '/', headers: ['host', 'x'], body: undefined, expectsContinue: false },
        {
          onBodyWanted() {},
          onInterim() {},
          onHead() {},
          onData: (bytes) => void bodies.push(bytes.toString()),
          onEnd() {},
          onFailure: (error) => void errors.push((error as { code?: string }).code),
        },
      )
    for (let count = 0; count < 20; count++) send()
    await until(() => errors.length === 20)
    t.strictSame(new Set(errors), new Set(['ECONNREFUSED']))
    const server = createServer((socket) => socket.once('data', () => socket.end(responseOf('back'))))
    server.listen(port, '127.0.0.1')
    t.teardown(() => server.close())
    await sleep(50)
    send()
    await until(() => bodies.length === 1)
  },
)

t.test('a call that is given up is over: nothing more is heard, and nothing more is sent', async (t) => {
  const upstream = await startRawUpstream(t)
  const carried = upstream.send({ target: '/carried' })
  const waiting = upstream.send({ target: '/waiting' })
  const kept = upstream.send({ target: '/kept' })
  await until(() => upstream.accepted[0]?.received !== undefined)
  waiting.call.abort()
  carried.call.abort()
  await until(() => upstream.accepted[1]?.received.includes('/kept'))
  upstream.accepted[1]?.socket.write(responseOf('ok'))
  await until(() => kept.ends.length === 1)
  t.strictSame([carried.ends, waiting.ends], [[], []])
  t.notMatch(upstream.accepted.map(({ received }) => received).join(), /waiting/)
  await until(() => upstream.accepted[0]?.socket.readableEnded)
  carried.call.abort()
  carried.call.resume()
})

t.test('closing fails what is under way and what waits, and takes nothing more', async (t) => {
  const upstream = await startRawUpstream(t)
  const outcomes: Outcome[] = [upstream.send(), upstream.send()]
  await until(() => upstream.accepted[0]?.received)
  await upstream.client.close()
  outcomes.push(upstream.send())
  t.strictSame(outcomes.map(codeOf), ['HTTP1_CLOSED', 'HTTP1_CLOSED', 'HTTP1_CLOSED'])
  await upstream.client.close()
})
