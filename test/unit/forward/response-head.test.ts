/**
 * Heads of responses: what is read, as it came, and everything that is not a head.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { parseResponseHead } from '../../../src/forward/http1/response-head.ts'
import { isRefused, readResponse } from './read-responses.ts'

const ok = 'HTTP/1.1 200 OK'

t.test('names keep their case, lines their order and repetitions, values their bytes', async (t) => {
  const head = parseResponseHead(
    'HTTP/1.0 299 Quite \u00e9\tOK\r\nSet-Cookie:a=1\r\nx-B: \t "\u00ff \t x" \t\r\nset-cookie: b:2\r\nX-Empty:\r\nX-Spaces: \t',
  )
  t.strictSame(head, {
    minorVersion: 0,
    status: 299,
    reason: 'Quite \u00e9\tOK',
    headers: [
      'Set-Cookie',
      'a=1',
      'x-B',
      '"\u00ff \t x"',
      'set-cookie',
      'b:2',
      'X-Empty',
      '',
      'X-Spaces',
      '',
    ],
  })
  t.equal(parseResponseHead('HTTP/1.1 200 ').reason, '')
  t.equal(parseResponseHead('HTTP/1.1 200').reason, '', 'the space before an empty reason may be missing')
})

t.test('what is not a head is refused', async (t) => {
  const lines = [
    ...['HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 099 OK', 'HTTP/1.1 abc OK', 'HTTP/1.1  200 OK'],
    ...['HTTP/2.0 200 OK', 'HTTP/1.2 200 OK', 'http/1.1 200 OK', 'HTTP/1.1200 OK', 'ICY 200 OK', ''],
    ...['HTTP/1.1 200\tOK', 'HTTP/1.1 200 O\u0000K', 'HTTP/1.1 200 OK\rX', ' HTTP/1.1 200 OK'],
    ...[`${ok}\r\nX : y`, `${ok}\r\n: y`, `${ok}\r\nX`, `${ok}\r\nX Y: z`, `${ok}\r\nX\u00e9: y`],
    ...[`${ok}\r\nX: y\r\n folded`, `${ok}\r\nX: y\r\n\tfolded`, `${ok}\r\n X: y`],
    ...[
      `${ok}\r\nX: a\nY: b`,
      `${ok}\r\nX: a\rY: b`,
      `${ok}\r\nX: \u0000`,
      `${ok}\r\nX: \u007f`,
      `${ok}\nX: y`,
    ],
    ...[`${ok}\r\nX: y\r`, `${ok}\r\nX: y\r\r`],
  ]
  for (const text of lines) {
    t.ok(isRefused(`${text}\r\n\r\n`), JSON.stringify(text))
    t.ok(isRefused(`${text}\r\n\r\n`, { cuts: everywhere(text) }), `${JSON.stringify(text)} byte by byte`)
  }
})

t.test('what can never become a head is refused before it ends', async (t) => {
  for (const text of [
    'S',
    'HTTP/2',
    'SSH-2.0-OpenSSH\r\n',
    '\r\n',
    'HTTP/1.1 200 OK\n',
    'HTTP/1.1 200 OK\r\nX: \u0000',
  ]) {
    t.ok(isRefused(text), JSON.stringify(text))
    t.ok(isRefused(text, { cuts: everywhere(text) }), JSON.stringify(text))
  }
  t.notOk(isRefused('HTTP/1.1 200 OK\r'), 'a CR may yet get its LF')
})

t.test('a head has at most 256 lines and 64 KiB', async (t) => {
  const withLines = (count: number) => `${ok}\r\n${'X: y\r\n'.repeat(count)}\r\n`
  t.equal(readResponse(withLines(256)).head?.headers.length, 512)
  t.ok(isRefused(withLines(257)))

  const withBytes = (count: number) => `${ok}\r\nX: ${'y'.repeat(count - ok.length - 9)}\r\n\r\n`
  for (const cuts of [[], [1], [30_000, 60_000], [65_535]]) {
    t.equal(readResponse(withBytes(65_536), { cuts }).head?.status, 200)
    t.ok(isRefused(withBytes(65_537), { cuts }), `${cuts}`)
  }
  t.ok(isRefused(withBytes(100_000).slice(0, 65_536)), 'and is not waited for when it is too large')
})

/** Characters and pieces that matter to a parser. */
const piece = fc.constantFrom(
  ...[
    'HTTP/1.1',
    'HTTP/1.0',
    ' ',
    '200',
    '99',
    'OK',
    '\r\n',
    '\r',
    '\n',
    ':',
    'X',
    'y',
    '\t',
    '\0',
    '\u00e9',
    '"',
    '',
  ],
)
const nearlyHead = fc
  .tuple(fc.constantFrom('HTTP/1.1 200 OK\r\n', 'HTTP/1.0 404\r\n', ''), fc.array(piece, { maxLength: 12 }))
  .map(([start, pieces]) => start + pieces.join(''))

/** The grammar of RFC 9112 in one expression. */
const grammar =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/

t.test('for any text: it is read exactly where the grammar takes it', async () => {
  fc.assert(
    fc.property(nearlyHead, (text) => {
      const whole = `${text}\r\n\r\n`.split('\r\n\r\n')[0] ?? ''
      const isHead = grammar.test(whole)
      // Framing is not at stake: none of the names means anything.
      return isRefused(`${whole}\r\n\r\n`) === !isHead
    }),
    { numRuns: 3000 },
  )
})

t.test('for any cuts: a head is refused or read alike', async () => {
  fc.assert(
    fc.property(nearlyHead, fc.array(fc.nat(60), { maxLength: 8 }), (text, cuts) => {
      const bytes = `${text}\r\n\r\n`
      const isRefusedWhole = isRefused(bytes)
      if (isRefusedWhole !== isRefused(bytes, { cuts })) return false
      return isRefusedWhole || same(readResponse(bytes), readResponse(bytes, { cuts }))
    }),
    { numRuns: 3000 },
  )
})

function everywhere(text: string): readonly number[] {
  return Array.from({ length: text.length + 4 }, (_, index) => index)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
