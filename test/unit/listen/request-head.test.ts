/**
 * Heads that no client library sends, read all the same: nothing that has two readings gets through.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { readHead } from '../../../src/listen/http2/request-head.ts'

const pseudo = [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', '/']
const codeOf = (raw: readonly string[], hasBody = false, bytesMax = 32_768) =>
  readHead(raw, hasBody, bytesMax).refusal?.code

t.test('a plain head has one reading', async (t) => {
  t.strictSame(readHead([...pseudo, 'cookie', 'a=1', 'x-b', '2', 'cookie', 'c=3'], true, 32_768), {
    method: 'GET',
    target: '/',
    rawHeaders: ['host', 'a.test', 'x-b', '2', 'cookie', 'a=1; c=3', 'transfer-encoding', 'chunked'],
    refusal: undefined,
  })
  t.strictSame(readHead([...pseudo, 'content-length', '5'], true, 32_768).rawHeaders, [
    'host',
    'a.test',
    'content-length',
    '5',
  ])
})

t.test('without an authority there is no Host, which is refused later', async (t) => {
  const { rawHeaders, refusal } = readHead(
    [':method', 'GET', ':scheme', 'https', ':path', '/'],
    false,
    32_768,
  )
  t.strictSame(rawHeaders, [])
  t.equal(refusal, undefined)
})

t.test('what HTTP/2 forbids is refused', async (t) => {
  for (const [more, code] of [
    [[':path', '/b'], 'malformed_request'],
    [[':authority', 'a.test'], 'malformed_request'],
    [[':protocol', 'websocket'], 'malformed_request'],
    [[':status', '200'], 'malformed_request'],
    [['connection', 'close'], 'malformed_header'],
    [['keep-alive', '5'], 'malformed_header'],
    [['proxy-connection', 'close'], 'malformed_header'],
    [['transfer-encoding', 'chunked'], 'malformed_header'],
    [['upgrade', 'h2c'], 'malformed_header'],
    [['te', 'gzip'], 'malformed_header'],
    [['X-Upper', '1'], 'malformed_header'],
    [['host', 'b.test'], 'malformed_host'],
    [['host', 'a.test', 'host', 'a.test'], 'malformed_host'],
    [['x-long', 'x'.repeat(40_000)], 'too_many_headers'],
  ] as const) {
    t.equal(codeOf([...pseudo, ...more]), code, more.join(' ').slice(0, 60))
  }
  t.equal(codeOf([':method', 'CONNECT', ':authority', 'a.test:443']), 'method_not_supported')
  t.equal(codeOf([]), 'method_not_supported')
})

t.test('whatever stands in a head, nothing that guides decisions can be made up in it', async (t) => {
  const name = fc.constantFrom(
    'host',
    'cookie',
    'te',
    'x-a',
    'connection',
    'Transfer-Encoding',
    ':path',
    ':authority',
    ':x',
  )
  const line = fc.tuple(name, fc.constantFrom('a.test', 'b.test', '/', 'chunked', 'trailers'))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, hasBody) => {
      const { rawHeaders, refusal, target } = readHead(
        [':method', 'GET', ':scheme', 'https', ...lines.flat()],
        hasBody,
        32_768,
      )
      if (refusal !== undefined) return
      const names = rawHeaders.filter((_, index) => index % 2 === 0)
      const count = (wanted: string) => names.filter((given) => given.toLowerCase() === wanted).length
      t.ok(target.startsWith('/'))
      t.ok(count('host') <= 1 && count('cookie') <= 1 && count('connection') === 0)
      t.equal(count('transfer-encoding'), hasBody ? 1 : 0)
      t.notOk(names.some((given) => given.startsWith(':')))
    }),
  )
})
