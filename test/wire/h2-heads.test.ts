/**
 * Heads over HTTP/2: pseudo-headers become the one head that is decided on, or the request is refused.
 * @module
 */

import t from 'tap'
import { answerOf, ask } from '../support/http2-client.ts'
import { refusalCodeOf, startSecureWire } from './secure-wire.ts'

t.test('what has two readings is refused, and nothing goes up', async (t) => {
  const wire = await startSecureWire(t)
  const cases: readonly (readonly [headers: object, status: number, code: string])[] = [
    [{ host: 'other.test' }, 400, 'malformed_host'],
    [{ ':scheme': 'http' }, 400, 'malformed_request'],
    [{ ':scheme': 'ftp', ':path': 'https://service.test/a' }, 400, 'malformed_request'],
    [{ ':path': '*', ':method': 'OPTIONS' }, 400, 'malformed_target'],
    [{ ':path': '/a#b' }, 400, 'malformed_target'],
    [{ ':path': '/a/../b' }, 400, 'malformed_target'],
    [{ ':path': `/${'a'.repeat(9000)}` }, 400, 'malformed_target'],
    [{ ':method': 'TRACE' }, 501, 'method_not_supported'],
    [{ ':method': 'get' }, 501, 'method_not_supported'],
    [{ ':method': 'FROB' }, 501, 'method_not_supported'],
    [{ x_owner: 'me' }, 400, 'malformed_header'],
    [{ content_length: '5' }, 400, 'malformed_header'],
    [{ 'x-long': 'x'.repeat(33_000) }, 431, 'too_many_headers'],
    [
      Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`x-${index}`, '1'])),
      431,
      'too_many_headers',
    ],
  ]
  for (const [headers, status, code] of cases) {
    const session = wire.session
    const answer = await ask(session, { ':path': '/a', authorization: `Bearer ${wire.token}`, ...headers })
    t.equal(answer.status, status, JSON.stringify(headers).slice(0, 80))
    if (answer.status === status) t.equal(refusalCodeOf(answer), code)
    t.notOk('connection' in answer.headers)
  }
  t.equal(wire.upstream.requests.length, 0)
})

t.test('the head goes up as HTTP/1.1 says it, cleaned', async (t) => {
  const wire = await startSecureWire(t)
  const answer = await wire.ask({
    ':authority': 'Service.test:8443',
    host: 'service.test:8443',
    cookie: ['a=1', 'b=2; c=3'],
    te: 'trailers',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'http',
    'remote-user': 'root',
    'x-name': 'caf\u00e9',
    'x-empty': '',
  })
  t.match(answer, { status: 200, code: 0 })
  const [request] = wire.upstream.requests
  t.strictSame(request?.header('host'), ['service.test:8443'])
  t.strictSame(request?.header('cookie'), ['a=1; b=2; c=3'])
  t.strictSame(request?.header('x-forwarded-proto'), ['https'])
  t.strictSame(request?.header('x-forwarded-for'), ['127.0.0.1'])
  t.strictSame(request?.header('x-name'), ['caf\u00e9'])
  t.strictSame(request?.header('x-empty'), [''])
  for (const name of ['te', 'remote-user', 'transfer-encoding', 'content-length', 'authorization'])
    t.strictSame(request?.header(name), [], name)
  t.notOk(request?.headers.some(([name]) => name.startsWith(':')))
})

t.test('a request without :authority goes by its Host', async (t) => {
  const wire = await startSecureWire(t)
  const head = { ':path': '/a', host: 'service.test', authorization: `Bearer ${wire.token}` }
  t.match(await answerOf(wire.session.request(head)), { status: 200, code: 0 })
  t.strictSame(wire.upstream.requests[0]?.header('host'), ['service.test'])
})

t.test('one line in the log for each stream, with its own id', async (t) => {
  const wire = await startSecureWire(t)
  await Promise.all(Array.from({ length: 20 }, (_, index) => wire.ask({ ':path': `/${index}` })))
  const lines = wire.gateway.log.filter(({ outcome }) => outcome === 'forwarded')
  t.equal(lines.length, 20)
  t.equal(new Set(lines.map(({ requestId }) => requestId)).size, 20)
  t.equal(await wire.gateway.metric('sallyport_exchanges_in_flight'), 0)
})
