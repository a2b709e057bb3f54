/**
 * What an upstream may not send over HTTP/2 is no answer, and half an answer is never taken for a whole one.
 * @module
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import t from 'tap'
import { until } from '../../support/until.ts'
import { data, frame, headers, reset, startFrameUpstream } from './frames.ts'
import { endOf, startClient } from './stage.ts'

const ok = [':status', '200'] as const
const heads: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ['no status', [['x-a', '1']]],
  ['two statuses', [ok, ok]],
  ['a status behind a field', [['x-a', '1'], ok]],
  ['a pseudo-header field of requests', [ok, [':path', '/']]],
  ['a name in upper case', [ok, ['X-A', '1']]],
  ['Connection', [ok, ['connection', 'close']]],
  ['Transfer-Encoding', [ok, ['transfer-encoding', 'chunked']]],
  ['Keep-Alive', [ok, ['keep-alive', 'timeout=5']]],
  ['two lengths', [ok, ['content-length', '2'], ['content-length', '2']]],
  ['a length that is none', [ok, ['content-length', '+2']]],
  ['a switch of protocols', [[':status', '101']]],
]

for (const [what, fields] of heads) {
  t.test(`a head with ${what} is no answer`, async (t) => {
    const upstream = await startFrameUpstream(t, (stream, socket) => {
      socket.write(Buffer.concat([headers(stream, fields), data(stream, 'ok', true)]))
    })
    const outcome = startClient(t, upstream.port).send()
    await until(() => endOf(outcome))
    t.equal(endOf(outcome), 'HTTP2_RESPONSE')
    t.equal(outcome.head, undefined)
  })
}

const bodies: readonly (readonly [string, (stream: number) => Buffer[], string])[] = [
  ['shorter than its length', (id) => [data(id, 'abc', true)], 'HTTP2_RESPONSE'],
  ['longer than its length', (id) => [data(id, 'abcdefgh', true)], 'HTTP2_ENDED'],
  ['reset before its end, without an error', (id) => [data(id, 'abc'), reset(id, 0)], 'HTTP2_ENDED'],
  ['reset with an error', (id) => [data(id, 'abc'), reset(id, 2)], 'HTTP2_ENDED'],
  ['refused behind its beginning', (id) => [data(id, 'abc'), reset(id, 7)], 'HTTP2_REFUSED'],
]

for (const [what, frames, code] of bodies) {
  t.test(`a body ${what} is broken off, and nobody may send its request again`, async (t) => {
    const upstream = await startFrameUpstream(t, (stream, socket) => {
      socket.write(Buffer.concat([headers(stream, [ok, ['content-length', '5']]), ...frames(stream)]))
    })
    const outcome = startClient(t, upstream.port).send()
    await until(() => endOf(outcome))
    t.equal(endOf(outcome), code, String(outcome.ends[0]))
    t.ok(outcome.body.length <= 5, 'nothing behind the length')
    t.equal(outcome.call.progress, 'answered')
  })
}

t.test(
  'without a length, too, an answer that is reset without an error and without an end is not whole',
  async (t) => {
    const upstream = await startFrameUpstream(t, (stream, socket) => {
      socket.write(Buffer.concat([headers(stream, [ok]), data(stream, 'half'), reset(stream, 0)]))
    })
    const { send } = startClient(t, upstream.port)
    const outcome = send()
    await until(() => endOf(outcome))
    t.equal(endOf(outcome), 'HTTP2_ENDED')
    const whole = await startFrameUpstream(t, (stream, socket) => {
      socket.write(Buffer.concat([headers(stream, [ok]), data(stream, 'whole', true), reset(stream, 0)]))
    })
    const other = startClient(t, whole.port).send()
    await until(() => endOf(other))
    t.equal(endOf(other), 'end')
    t.equal(other.body.toString(), 'whole')
  },
)

t.test('trailers stay behind', async (t) => {
  const upstream = await startFrameUpstream(t, (stream, socket) => {
    const trailers = headers(stream, [['x-container-read', '.r:*']], true)
    socket.write(Buffer.concat([headers(stream, [ok]), data(stream, 'ok'), trailers]))
  })
  const outcome = startClient(t, upstream.port).send()
  await until(() => endOf(outcome))
  t.equal(endOf(outcome), 'end')
  t.strictSame(outcome.head?.headers, [])
})

t.test('interim answers come before the final one, and without end are none', async (t) => {
  for (const [count, end] of [
    [16, 'end'],
    [17, 'HTTP2_RESPONSE'],
  ] as const) {
    const upstream = await startFrameUpstream(t, (stream, socket) => {
      const hints = Array.from({ length: count }, () =>
        headers(stream, [
          [':status', '103'],
          ['link', '</x>'],
        ]),
      )
      socket.write(Buffer.concat([...hints, headers(stream, [ok], true)]))
    })
    const outcome = startClient(t, upstream.port).send()
    await until(() => endOf(outcome))
    t.equal(endOf(outcome), end)
    t.equal(outcome.interim.length, 16)
  }
})

t.test('a head beyond its bounds costs the stream, and no other', async (t) => {
  const many = Array.from({ length: 300 }, (_, index) => [`x-${index}`, '1'] as const)
  const upstream = await startFrameUpstream(t, (stream, socket) => {
    const fields = stream === 1 ? [ok, ...many] : [ok]
    socket.write(headers(stream, fields, true))
  })
  const { send } = startClient(t, upstream.port)
  const outcomes = [send(), send()]
  await until(() => outcomes.every(endOf))
  t.strictSame(outcomes.map(endOf), ['HTTP2_RESPONSE', 'end'])
  t.equal(upstream.sockets.length, 1)
})

t.test('a field with a control character is left out', async (t) => {
  const upstream = await startFrameUpstream(t, (stream, socket) => {
    socket.write(headers(stream, [ok, ['x-a', 'a\r\nset-cookie: b'], ['x-b', 'c']], true))
  })
  const outcome = startClient(t, upstream.port).send()
  await until(() => endOf(outcome))
  t.strictSame(outcome.head?.headers, ['x-b', 'c'])
})

t.test('a flood of frames that ask for an answer ends the connection', async (t) => {
  const pings = Buffer.concat(Array.from({ length: 5_000 }, () => frame('ping', 0, 0, Buffer.alloc(8))))
  const upstream = await startFrameUpstream(t, (_stream, socket) => {
    // What is owed cannot be sent while nothing is read.
    socket.pause()
    const flood = setInterval(() => socket.write(pings), 5)
    socket.on('close', () => clearInterval(flood))
    t.teardown(() => clearInterval(flood))
  })
  const outcome = startClient(t, upstream.port, { timeouts: { headers: 20_000 } }).send()
  await until(() => endOf(outcome), 15_000)
  t.not(endOf(outcome), 'end')
  t.equal(upstream.sockets.length, 1)
})

t.test('a server of another protocol is named as such, and gets no request', async (t) => {
  let received = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const outcome = startClient(t, (server.address() as AddressInfo).port).send({ target: '/secret' })
  await until(() => endOf(outcome))
  t.equal(endOf(outcome), 'HTTP2_PROTOCOL')
  t.equal(outcome.call.progress, 'unsent')
  t.notMatch(received, /secret/)
})
