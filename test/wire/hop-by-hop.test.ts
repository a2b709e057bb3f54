/**
 * What belongs to one connection stays on it: headers, upgrades, and methods that mean the proxy itself.
 * @module
 */

import t from 'tap'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'

t.test('hop-by-hop headers of a client do not go up', async (t) => {
  const wire = await startWire(t)
  const { headers } = await wire.forwarded([
    'GET /a HTTP/1.1',
    host,
    'Connection: keep-alive, TE',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic eDp5',
    'TE: trailers',
    'Trailer: X-End',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'X-Kept: 1',
  ])
  const names = headers.map(([name]) => name.toLowerCase())
  t.strictSame(
    names.filter((name) => /^(keep-alive|proxy-.*|te|trailer|http2-settings)$/.test(name)),
    [],
  )
  t.ok(names.includes('x-kept'))
})

t.test('a Connection that names a header is refused: it could name one that a proxy set', async (t) => {
  const wire = await startWire(t)
  for (const value of [
    'X-Forwarded-For',
    'close, Authorization',
    'keep-alive,x-sallyport-subject',
    'content-length',
  ]) {
    t.equal(
      codeOf(await wire.send(['GET /a HTTP/1.1', host, `Connection: ${value}`])),
      'malformed_header',
      value,
    )
  }
  const twice = ['Connection: keep-alive', 'Connection: Host']
  t.equal(codeOf(await wire.send(['GET /a HTTP/1.1', host, ...twice])), 'malformed_header')
  t.strictSame(wire.upstream.requests, [])
})

t.test(
  'hop-by-hop headers of an upstream, and those that its Connection names, do not come down',
  async (t) => {
    const wire = await startWire(t, {
      replyTo: () => ({
        raw: [
          'HTTP/1.1 200 OK',
          'Connection: close, X-Secret',
          'X-Secret: between gateway and upstream',
          'Keep-Alive: timeout=33',
          'Proxy-Authenticate: Basic realm="x"',
          'Proxy-Connection: close',
          'Trailer: X-End',
          'Transfer-Encoding: chunked',
          'X-Shown: 1',
          '',
          '2',
          'ok',
          '0',
          'X-End: 1',
          '',
          '',
        ].join('\r\n'),
      }),
    })
    const answer = await wire.send(['GET /a HTTP/1.1', host])
    const names = answer.headers.map(([name]) => name.toLowerCase())
    t.strictSame(
      names.filter((name) => /^(x-secret|proxy-.*|trailer|x-end)$/.test(name)),
      [],
    )
    t.strictSame(answer.header('x-shown'), ['1'])
    t.notMatch(
      answer.header('connection')[0],
      /close|secret/i,
      "the upstream's close does not close the client's connection",
    )
    t.notMatch(answer.header('keep-alive')[0], /timeout=33/)
    t.equal(answer.closed, false)
    t.equal(answer.body.toString(), 'ok')
  },
)

t.test('an upgrade is not passed on: the request goes up as the plain one that it also is', async (t) => {
  const wire = await startWire(t)
  const upgrades = [
    ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: eA==', 'Sec-WebSocket-Version: 13'],
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    ['Connection: keep-alive', 'Upgrade: TLS/1.0'],
  ]
  for (const lines of upgrades) {
    const request = await wire.forwarded(['GET /a HTTP/1.1', host, ...lines])
    t.strictSame(request.header('upgrade'), [])
    t.notMatch(request.header('connection').join(), /upgrade/i)
  }
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  const lines = [
    'POST /a HTTP/1.1',
    host,
    'Connection: Upgrade',
    'Upgrade: h2c',
    `Content-Length: ${smuggled.length}`,
  ]
  const withBody = await wire.forwarded(lines, smuggled)
  t.equal(withBody.body.toString(), smuggled, 'what follows is a body, and not another request')
})

t.test('an upstream that switches protocols unasked is no upstream', async (t) => {
  const wire = await startWire(t, {
    replyTo: () => ({
      raw: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes',
    }),
  })
  t.equal(codeOf(await wire.send(['GET /a HTTP/1.1', host])), 'upstream_invalid')
})

t.test('CONNECT and TRACE are 501, and nothing goes up', async (t) => {
  const wire = await startWire(t)
  const connect = await wire.send(['CONNECT gate.example:443 HTTP/1.1', 'Host: gate.example:443'])
  t.equal(connect.status, 501)
  t.equal(codeOf(connect), 'method_not_supported')
  t.equal(connect.closed, true)
  t.equal((await wire.send(['CONNECT / HTTP/1.1', host])).status, 501)
  const trace = await wire.send(['TRACE /a HTTP/1.1', host, 'Cookie: secret=1'])
  t.equal(trace.status, 501)
  t.notMatch(trace.body.toString(), /secret/)
  t.strictSame(wire.upstream.requests, [])
})

t.test('other methods go up as they are', async (t) => {
  const wire = await startWire(t)
  for (const method of ['OPTIONS', 'PROPFIND', 'PURGE', 'M-SEARCH', 'REPORT', 'QUERY']) {
    t.equal((await wire.forwarded([`${method} /a HTTP/1.1`, host])).method, method)
  }
})
