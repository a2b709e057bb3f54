/**
 * Heads that are too many, too large or too slow.
 * @module
 */

import { once } from 'node:events'
import t from 'tap'
import { until } from '../support/until.ts'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'

t.test('a hundred header lines pass, one more is 431', async (t) => {
  const wire = await startWire(t)
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `X-Line-${index}: ${index}`)
  const full = await wire.forwarded(['GET /a HTTP/1.1', host, ...lines(98)])
  t.strictSame(full.header('x-line-97'), ['97'])
  const over = await wire.send(['GET /a HTTP/1.1', host, ...lines(99)])
  t.equal(over.status, 431)
  t.equal(codeOf(over), 'too_many_headers')
  t.equal(wire.upstream.requests.length, 1)
})

t.test(
  'no header is cut off in silence: a credential behind two thousand lines is not overlooked',
  async (t) => {
    const wire = await startWire(t, {
      routes: [{ match: { path: '/{path*}' }, authorize: { public: true } }],
    })
    const padding = Array.from({ length: 2_000 }, () => 'a: b')
    const hidden = await wire.send(['GET /a HTTP/1.1', host, ...padding])
    t.equal(codeOf(hidden), 'too_many_headers')
    const privileged = await wire.send(['GET /a HTTP/1.1', host, ...padding, 'X-Container-Read: .r:*'])
    t.equal(codeOf(privileged), 'too_many_headers')
    const second = await wire.send(['GET /a HTTP/1.1', host, ...padding, 'Host: other.example'])
    t.equal(codeOf(second), 'too_many_headers')
    t.strictSame(wire.upstream.requests, [])
  },
)

t.test('32 KiB of head are too large, in one line, in many or in the target', async (t) => {
  const wire = await startWire(t)
  const heads = [
    ['GET /a HTTP/1.1', host, `X-Large: ${'x'.repeat(33_000)}`],
    ['GET /a HTTP/1.1', host, `${'x'.repeat(33_000)}: x`],
    ['GET /a HTTP/1.1', host, ...Array.from({ length: 40 }, () => `X: ${'x'.repeat(1_000)}`)],
    [`GET /${'x'.repeat(33_000)} HTTP/1.1`, host],
  ]
  for (const head of heads) {
    const answer = await wire.send(head)
    t.equal(answer.status, 431)
    t.equal(codeOf(answer), 'too_many_headers')
    t.equal(answer.closed, true)
  }
  t.equal(codeOf(await wire.send([`GET /${'x'.repeat(9_000)} HTTP/1.1`, host])), 'malformed_target')
  t.strictSame(wire.upstream.requests, [])
  const large = await wire.forwarded(['GET /a HTTP/1.1', host, `X-Large: ${'x'.repeat(30_000)}`])
  t.equal(large.header('x-large')[0]?.length, 30_000)
})

t.test('a head that does not come to its end is 408', async (t) => {
  const wire = await startWire(t, { listen: { timeouts: { headers: '500ms' } } })
  const started = performance.now()
  const answer = await wire.gateway.raw(`GET /a HTTP/1.1\r\n${host}\r\n${wire.credential}\r\nX: `)
  t.equal(answer.status, 408)
  t.equal(codeOf(answer), 'request_timeout')
  t.equal(answer.closed, true)
  t.ok(performance.now() - started < 4_000)
  t.strictSame(wire.upstream.requests, [])
})

t.test('a head that trickles in is 408 all the same', async (t) => {
  const wire = await startWire(t, { listen: { timeouts: { headers: '500ms' } } })
  const socket = await wire.connect()
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  socket.write(`GET /a HTTP/1.1\r\n${host}\r\n`)
  const trickle = setInterval(() => socket.write('X: y\r\n'), 50)
  t.teardown(() => clearInterval(trickle))
  socket.on('error', () => {})
  await once(socket, 'close', { signal: AbortSignal.timeout(5_000) })
  t.match(received, /^HTTP\/1\.1 408 /)
})

t.test('a body that does not come to its end is 408, and is no whole body to the upstream', async (t) => {
  const wire = await startWire(t, { listen: { timeouts: { headers: '500ms', request: '1s' } } })
  const answer = await wire.send(['PUT /a HTTP/1.1', host, 'Content-Length: 10'], 'half')
  t.equal(answer.status, 408)
  t.equal(codeOf(answer), 'request_timeout')
  await until(() => wire.upstream.requests[0]?.state === 'aborted')
  await until(() => wire.gateway.log.at(-1)?.outcome === 'request_timeout')
  t.equal(
    wire.gateway.log.filter(({ message }) => message === 'request').length,
    1,
    'one line for one exchange',
  )
})

t.test('header names and values go on in their order, case and bytes', async (t) => {
  const wire = await startWire(t)
  const lines = [
    'X-b: 1',
    'x-A: caf\u00e9 \u00ff',
    'X-B: 2',
    'ACCEPT: */*',
    'x-empty:',
    'X-Tab: a\tb',
    'Cookie: a=1',
    'cookie: b=2',
  ]
  const { headers } = await wire.forwarded(['GET /a HTTP/1.1', host, ...lines])
  t.strictSame(
    headers
      .filter(([name]) => /^(x-(a|b|empty|tab)|accept|cookie)$/i.test(name))
      .map((pair) => pair.join(':')),
    [
      'X-b:1',
      'x-A:caf\u00e9 \u00ff',
      'X-B:2',
      'ACCEPT:*/*',
      'x-empty:',
      'X-Tab:a\tb',
      'Cookie:a=1',
      'cookie:b=2',
    ],
  )
})
