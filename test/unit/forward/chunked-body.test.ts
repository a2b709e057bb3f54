/**
 * Bodies in chunks: whole, cut anywhere, and malformed.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { isRefused, readResponse } from './read-responses.ts'

const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

t.test('sizes in either case, zeros before them, extensions and trailers are read', async (t) => {
  const read = readResponse(
    `${head}A;x="y"\r\n0123456789\r\n000b ;a;b\r\nhello world\r\n0;z\r\nX-End: 1\r\nY:\r\n\r\nrest`,
  )
  t.equal(read.body, '0123456789hello world')
  t.strictSame([read.isOver, read.rest], [true, 'rest'])
})

t.test('what is malformed is refused, in one piece and byte by byte', async (t) => {
  const bodies = [
    ...[
      'x\r\n',
      '\r\n',
      ' 1\r\na\r\n',
      '1 \r\na\r\n',
      '-1\r\n',
      '+1\r\na',
      '0x1\r\na\r\n',
      '1\na\r\n0\r\n\r\n',
    ],
    ...[
      '1\r\nab\r\n',
      '1\r\na\n',
      '1\r\na\r\r\n',
      '1\r\na0\r\n\r\n',
      '1,1\r\n',
      '1;\u0000\r\n',
      '1;a\rb\r\n',
    ],
    ...['11111111111111111\r\n', 'ffffffffffffffff\r\n', '20000000000000\r\n'],
    ...[
      '0\r\nX\r\n\r\n',
      '0\r\nX : y\r\n\r\n',
      '0\r\n folded\r\n\r\n',
      '0\r\nX: y\n\r\n',
      '0\r\n\n',
      '0\r\nX: \u0001\r\n\r\n',
    ],
  ]
  for (const body of bodies) {
    t.ok(isRefused(head + body), JSON.stringify(body))
    const cuts = Array.from(body, (_, index) => head.length + index)
    t.ok(isRefused(head + body, { cuts }), `${JSON.stringify(body)} byte by byte`)
  }
})

t.test('extensions and trailers are bounded, in all and in each line', async (t) => {
  t.notOk(isRefused(`${head}1;${'x'.repeat(16_000)}\r\na\r\n0\r\n\r\n`))
  t.ok(isRefused(`${head}1;${'x'.repeat(17_000)}`), 'a line is not waited for when it is too long')
  t.ok(isRefused(`${head}${`1;${'x'.repeat(1000)}\r\na\r\n`.repeat(17)}`))
  t.notOk(isRefused(`${head}0\r\n${'X: y\r\n'.repeat(1000)}\r\n`))
  t.ok(isRefused(`${head}0\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(17)}\r\n`))
  t.ok(isRefused(`${head}0\r\nX: ${'y'.repeat(17_000)}`))
})

const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const cuts = fc.array(fc.nat(400), { maxLength: 12 })

t.test('for any chunks and cuts: the body is what was put in, and the rest is nobody\u2019s', async () => {
  const chunk = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), bytes, cuts, (chunks, rest, at) => {
      const coded = chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join('')
      const read = readResponse(`${head}${coded}0\r\n\r\n${rest}`, { cuts: at })
      return read.isOver && read.body === chunks.join('') && read.rest === rest
    }),
    { numRuns: 2000 },
  )
})

t.test('for any length and cuts: the body has so many bytes, and the rest is nobody\u2019s', async () => {
  fc.assert(
    fc.property(bytes, bytes, cuts, (body, rest, at) => {
      const read = readResponse(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}${rest}`, {
        cuts: at,
      })
      return read.isOver && read.body === body && read.rest === rest
    }),
    { numRuns: 2000 },
  )
})

t.test('for any bytes where chunks should be: refused or read alike, however they are cut', async () => {
  const piece = fc.constantFrom(
    '0',
    '1',
    'a',
    ';',
    ' ',
    '\r\n',
    '\r',
    '\n',
    'X: y',
    '0\r\n\r\n',
    '2\r\nab\r\n',
    '\0',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), cuts, (pieces, at) => {
      const text = head + pieces.join('')
      const cut = { cuts: at }
      const isRefusedWhole = isRefused(text)
      // A line that is malformed at its end may not have come to its end.
      if (isRefusedWhole !== isRefused(text, cut)) return false
      return isRefusedWhole || JSON.stringify(readResponse(text)) === JSON.stringify(readResponse(text, cut))
    }),
    { numRuns: 3000 },
  )
})
