/**
 * Nothing goes on a stream that could be read as something else than the request that was decided on.
 * @module
 */

import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { requestFields } from '../../../src/forward/http2/request-fields.ts'
import type { UpstreamRequest } from '../../../src/forward/upstream-client.ts'

const plain: UpstreamRequest = {
  method: 'GET',
  target: '/a?b',
  headers: ['Host', 'gate.example'],
  body: undefined,
  expectsContinue: false,
}

t.test('pseudo-header fields come first, names are in lower case, order and repetition stay', async (t) => {
  const headers = ['X-B', '1', 'Host', 'gate.example', 'Cookie', 'a=1', 'x-b', '\u00e9', 'cookie', 'b=2']
  const { headers: fields, bodyBytes } = requestFields({ ...plain, headers }, 'https')
  t.strictSame(fields, [
    ...[':method', 'GET', ':scheme', 'https', ':authority', 'gate.example', ':path', '/a?b'],
    ...['x-b', '1', 'cookie', 'a=1', 'x-b', '\u00e9', 'cookie', 'b=2'],
  ])
  t.equal(bodyBytes, 0)
})

t.test('the length is written anew, and only where it says something', async (t) => {
  const body = Readable.from([])
  const lengths = (request: Partial<UpstreamRequest>) => {
    const { headers: fields } = requestFields({ ...plain, ...request }, 'http')
    return fields.filter((_, index) => fields[index - 1] === 'content-length')
  }
  t.strictSame(lengths({}), [])
  t.strictSame(lengths({ method: 'POST' }), ['0'])
  t.strictSame(lengths({ body, headers: ['host', 'x', 'Content-Length', '005'] }), ['5'])
  t.strictSame(lengths({ method: 'PUT', body }), [])
})

t.test('what has two readings is not sent', async (t) => {
  const withLine = (name: string, value: string) => ({ headers: ['host', 'x', name, value] })
  const requests: readonly Partial<UpstreamRequest>[] = [
    { headers: [] },
    { headers: ['host', ''] },
    withLine('Host', 'y'),
    ...['connection', 'Keep-Alive', 'te', 'Transfer-Encoding', 'upgrade', 'proxy-connection'].map((name) =>
      withLine(name, 'trailers'),
    ),
    withLine(':path', '/other'),
    withLine('a b', '1'),
    withLine('', '1'),
    ...['a\r\nb', 'a\0', ' a', 'a\t', '\u0100'].map((value) => withLine('x', value)),
    ...['x', '+5', '1, 1', '5'].map((value) => withLine('content-length', value)),
    { headers: ['host', 'x', 'content-length', '0', 'content-length', '0'] },
    ...['', 'a', 'http://x/', '/a b', '/a\r\n', '/\u0100'].map((target) => ({ target })),
    ...['', 'A B', 'CONNECT'].map((method) => ({ method })),
    { upgradeTo: 'websocket' },
  ]
  for (const request of requests) {
    t.throws(
      () => requestFields({ ...plain, ...request }, 'http'),
      { code: 'HTTP2_REQUEST' },
      JSON.stringify(request),
    )
  }
})

t.test('whatever is given, what comes of it is well formed or an error', async (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('host', 'Content-Length', 'TE', ':path', '5'),
  )
  let sent = 0
  fc.assert(
    fc.property(text, text, fc.array(text), (method, target, lines) => {
      const request = { ...plain, method, target: `/${target}`, headers: ['host', 'x', ...lines] }
      let fields: readonly string[]
      try {
        fields = requestFields(request, 'http').headers
      } catch (error) {
        return (error as { code?: string }).code === 'HTTP2_REQUEST'
      }
      sent++
      const names = fields.filter((_, index) => index % 2 === 0)
      const values = fields.filter((_, index) => index % 2 === 1)
      const isRegular = (name: string) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)
      return (
        names.slice(0, 4).join() === ':method,:scheme,:authority,:path' &&
        names.slice(4).every((name) => isRegular(name) && !/^(te|connection|host)$/.test(name)) &&
        values.every((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value) && !/^[ \t]|[ \t]$/.test(value))
      )
    }),
    { numRuns: 1_000 },
  )
  t.ok(sent > 0, `${sent} could be sent`)
})
