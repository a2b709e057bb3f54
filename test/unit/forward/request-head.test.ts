/**
 * Heads of requests: exactly what was decided on, or nothing.
 * @module
 */

import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { requestHead } from '../../../src/forward/http1/request-head.ts'
import type { UpstreamRequest } from '../../../src/forward/upstream-client.ts'

const get: UpstreamRequest = {
  method: 'GET',
  target: '/a?b',
  headers: ['host', 'x'],
  body: undefined,
  expectsContinue: false,
}
const body = Readable.from([])
const lines = (request: Partial<UpstreamRequest>) => requestHead({ ...get, ...request }).text.split('\r\n')

t.test('the request line and every header line go as they are', async (t) => {
  t.strictSame(lines({ headers: ['host', 'x', 'X-A', 'a\u00e9\tb', 'x-a', ''] }), [
    'GET /a?b HTTP/1.1',
    'host: x',
    'X-A: a\u00e9\tb',
    'x-a: ',
    'connection: keep-alive',
    '',
    '',
  ])
})

t.test('a body goes with its length where that is known, and in chunks where it is not', async (t) => {
  const known = requestHead({ ...get, method: 'PUT', headers: ['Content-Length', '0005'], body })
  t.equal(known.bodyBytes, 5)
  t.match(known.text, /\r\ncontent-length: 5\r\n/, 'as it was read')
  t.notMatch(known.text, /transfer-encoding/)
  const unknown = requestHead({ ...get, method: 'PUT', body })
  t.equal(unknown.bodyBytes, undefined)
  t.match(unknown.text, /\r\ntransfer-encoding: chunked\r\n/)
})

t.test('an expectation goes up only where the body waits for its answer', async (t) => {
  t.notMatch(lines({ method: 'PUT', body }).join(), /expect/)
  const asked = lines({ method: 'PUT', body, expectsContinue: true })
  t.strictSame(
    asked.filter((line) => /^expect/i.test(line)),
    ['expect: 100-continue'],
  )
})

t.test('a request without a body says so where its method is expected to have one', async (t) => {
  t.ok(lines({ method: 'POST' }).includes('content-length: 0'))
  t.strictSame(
    lines({ method: 'POST', headers: ['content-length', '0'] }).filter((line) =>
      line.startsWith('content-length'),
    ),
    ['content-length: 0'],
  )
  for (const method of ['GET', 'HEAD', 'DELETE'])
    t.notMatch(lines({ method }).join('\n'), /content-length|transfer/)
})

t.test('what could be read as another request is not sent', async (t) => {
  const requests: readonly Partial<UpstreamRequest>[] = [
    ...['', 'GE T', 'GET\r\n', 'G\u00e9T'].map((method) => ({ method })),
    ...['', '/a b', '/a\r\nX: y', '/a\0', '/\u007f', '/\u0100'].map((target) => ({ target })),
    ...['', 'X:', 'X Y', 'X\r\nY', '\u00e9'].map((name) => ({ headers: [name, 'y'] })),
    ...['a\r\nb', 'a\nb', 'a\rb', 'a\0', '\u0100'].map((value) => ({ headers: ['X', value] })),
    { headers: ['Transfer-Encoding', 'chunked'] },
    { headers: ['Connection', 'close'] },
    { headers: ['content-length', '0', 'Content-Length', '0'] },
    { headers: ['content-length', '5'] },
    { headers: ['content-length', 'x'], body },
    { headers: ['content-length', ''], body },
  ]
  for (const request of requests) {
    t.throws(() => lines(request), { code: 'HTTP1_REQUEST' }, JSON.stringify(request.headers ?? request))
  }
})

t.test('for any texts: a head has as many lines as it was given, or is not made', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'B', '-', ' ', ':', '\r', '\n', '\0', '\t', '\u00e9', '\u010d'),
    maxLength: 6,
  })
  fc.assert(
    fc.property(text, text, fc.array(fc.tuple(text, text), { maxLength: 4 }), (method, target, pairs) => {
      try {
        const { text: head } = requestHead({ ...get, method, target, headers: pairs.flat() })
        return (
          Buffer.from(head, 'latin1')
            .toString('latin1')
            .split(/[\r\n]+/).length ===
          pairs.length + 3
        )
      } catch {
        return true
      }
    }),
    { numRuns: 3000 },
  )
})
