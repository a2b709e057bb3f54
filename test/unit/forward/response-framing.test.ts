/**
 * Where a response ends: one reading, or a refusal.
 * @module
 */

import t from 'tap'
import { isRefused, readResponse } from './read-responses.ts'

const response = (...lines: readonly string[]) => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`

t.test('two lengths, or a length and chunks, are two readings', async (t) => {
  const framings = [
    ['Content-Length: 2', 'Content-Length: 3'],
    ['Content-Length: 2', 'content-length: 2'],
    ['Content-Length: 2, 2'],
    ['Content-Length: 2', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 0'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked, chunked'],
  ]
  for (const lines of framings) {
    t.ok(isRefused(response(...lines)), lines.join(' | '))
    t.ok(isRefused(response(...lines), { method: 'HEAD' }), 'also where no body comes')
  }
})

t.test('a length is decimal digits, and a coding is chunked alone', async (t) => {
  for (const length of ['', '+2', '-2', '0x2', '2 ;', '2.0', '1e3', '\u00b2', '9'.repeat(16)]) {
    t.ok(isRefused(response(`Content-Length: ${length}`)), length)
  }
  for (const coding of [
    '',
    'identity',
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'xchunked',
    'chunked;q=1',
    '"chunked"',
  ]) {
    t.ok(isRefused(response(`Transfer-Encoding: ${coding}`)), coding)
  }
  t.equal(readResponse(response('Transfer-Encoding: Chunked')).framing?.bodyLength, 'chunked')
  t.ok(isRefused('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), 'HTTP/1.0 knows no codings')
})

t.test('an answer to HEAD, 204 and 304 have no body, whatever they announce', async (t) => {
  const announced = 'Content-Length: 5\r\n\r\nhello'
  for (const [status, method] of [
    [200, 'HEAD'],
    [204, 'GET'],
    [304, 'GET'],
  ] as const) {
    const read = readResponse(`HTTP/1.1 ${status} X\r\n${announced}`, { method })
    t.strictSame([read.isOver, read.body, read.rest], [true, '', 'hello'], `${status} ${method}`)
  }
  t.equal(readResponse(`HTTP/1.1 200 OK\r\n${announced}`).body, 'hello')
})

t.test('interim answers are handed out, up to sixteen, and a switch of protocols is none', async (t) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n'
  const final = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const read = readResponse(interim.repeat(16) + final)
  t.equal(read.body, 'ok', 'none of them has a body')
  t.strictSame(read.interim, Array(16).fill(103))
  t.equal(readResponse(interim.repeat(2) + final, { cuts: [10, 60, 70, 101, 120] }).body, 'ok')
  t.ok(isRefused(interim.repeat(17) + final))
  const large = `HTTP/1.1 103 Early Hints\r\nX: ${'x'.repeat(8000)}\r\n\r\n`
  t.equal(readResponse(large.repeat(2) + final).body, 'ok')
  t.ok(isRefused(large.repeat(3) + final), 'all together are bounded')
  const chunked = 'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n'
  t.equal(readResponse(chunked + final).body, 'ok')
  t.ok(isRefused(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${final}`))
})

t.test('a connection is kept as both versions have it', async (t) => {
  const cases: readonly (readonly [
    version: string,
    connection: string | undefined,
    isPersistent: boolean,
  ])[] = [
    ['1.1', undefined, true],
    ['1.1', 'close', false],
    ['1.1', 'Keep-Alive', true],
    ['1.1', 'x-a , Close', false],
    ['1.1', 'keep-alive, close', false],
    ['1.1', 'x-closed', true],
    ['1.0', undefined, false],
    ['1.0', 'Keep-Alive', true],
    ['1.0', 'x-a', false],
  ]
  for (const [version, connection, isPersistent] of cases) {
    const line = connection === undefined ? '' : `Connection: ${connection}\r\n`
    const { framing } = readResponse(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${line}\r\n`)
    t.equal(framing?.isPersistent, isPersistent, `${version} ${connection}`)
  }
  const twice = 'Connection: keep-alive\r\nConnection: close\r\n'
  t.equal(readResponse(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${twice}\r\n`).framing?.isPersistent, false)
})

t.test('the time for which an upstream keeps an idle connection is read', async (t) => {
  const read = (value: string) =>
    readResponse(response('Content-Length: 0', `Keep-Alive: ${value}`)).framing?.keepAliveMs
  t.equal(read('timeout=5'), 5000)
  t.equal(read('max=100, Timeout=75'), 75_000)
  t.equal(read('timeout="0"'), 0)
  t.equal(read('max=100'), undefined)
  t.equal(read('xtimeout=5'), undefined)
})

t.test(
  'a body that ends with its connection is over at its end, and any other is cut short by it',
  async (t) => {
    const closing = readResponse(`${response()}all of it`, { isEnded: true })
    t.strictSame([closing.body, closing.isOver, closing.framing?.isPersistent], ['all of it', true, false])
    const unfinished = ['', 'HTTP/1.1 200', `${response('Content-Length: 5')}half`]
    for (const text of [...unfinished, `${response('Transfer-Encoding: chunked')}4\r\nhalf\r\n0\r\n`]) {
      t.throws(() => readResponse(text, { isEnded: true }), { code: 'HTTP1_ENDED' })
    }
  },
)
