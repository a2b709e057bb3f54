/**
 * Where a request goes and where it ends: what has two readings is refused before anything goes up.
 * @module
 */

import t from 'tap'
import { isOverHttp2 } from '../support/upstream-client.ts'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'

t.test('a Host that is missing, repeated or not a host is refused', async (t) => {
  const wire = await startWire(t)
  const hosts = [
    [],
    [host, host],
    [host, 'Host: other.example'],
    [host, 'HOST: gate.example'],
    ...[
      '',
      'a b',
      'user@gate.example',
      'gate.example/x',
      'gate.example:0',
      'gate.example:99999',
      'a,b',
      '::1',
    ].map((value) => [`Host: ${value}`]),
    ['Host: gate.example:80:80'],
    ['Host: g\u00e4te.example'],
    ['Host : gate.example'],
    ['Host: gate.example', ' folded: x'],
  ]
  for (const lines of hosts) {
    const answer = await wire.send(['GET /a HTTP/1.1', ...lines])
    t.equal(answer.status, 400, lines.join(' | '))
    t.match(codeOf(answer), /^malformed_(host|request)$/)
  }
  t.strictSame(wire.upstream.requests, [])
})

t.test('the upstream gets one Host: the canonical one of the client, or its own', async (t) => {
  const wire = await startWire(t, {
    routes: [{ match: { path: '/kept' } }, { match: { path: '/own' }, hostHeader: 'upstream' }],
  })
  const kept = await wire.forwarded(['GET /kept HTTP/1.1', 'HOST: Gate.Example.:8080'])
  t.strictSame(kept.header('host'), ['gate.example:8080'])
  const own = await wire.forwarded(['GET /own HTTP/1.1', 'Host: gate.example'])
  t.strictSame(own.header('host'), [`127.0.0.1:${wire.upstream.port}`])
  t.strictSame(own.header('x-forwarded-host'), ['gate.example'])
})

t.test('a body with two lengths, or with none that can be told, is refused', async (t) => {
  const wire = await startWire(t)
  const framings = [
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Content-Length: 5, 5'],
    ['Content-Length: +5'],
    ['Content-Length: -5'],
    ['Content-Length: 0x5'],
    ['Content-Length: 5 5'],
    ['Content-Length:'],
    ['Content-Length : 5'],
    ['Content-Length: 9999999999999999'],
    ['Content_Length: 5'],
    ['Transfer-Encoding: gzip'],
    ['Transfer-Encoding: gzip, chunked'],
    ['Transfer-Encoding: chunked, gzip'],
    ['Transfer-Encoding: chunked, chunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    ['Transfer-Encoding: identity'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: "chunked"'],
    ['Transfer-Encoding:\u000bchunked'],
    ['Transfer-Encoding : chunked'],
    ['Transfer_Encoding: chunked'],
    ['Transfer-Encoding:', ' chunked'],
    ['X: y', '\tTransfer-Encoding: chunked'],
  ]
  for (const framing of framings) {
    const answer = await wire.send(
      ['POST /a HTTP/1.1', host, ...framing],
      '0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n',
    )
    t.equal(answer.status, 400, framing.join(' | '))
    t.match(codeOf(answer), /^malformed_(request|header)$/, framing.join(' | '))
    if (codeOf(answer) === 'malformed_request')
      t.equal(answer.closed, true, 'the connection is not used again')
  }
  const old = await wire.send([
    'POST /a HTTP/1.0',
    host,
    'Transfer-Encoding: chunked',
    'Connection: keep-alive',
  ])
  t.equal(codeOf(old), 'malformed_request', 'HTTP/1.0 has no chunks')
  t.equal(old.closed, true)
  t.strictSame(
    wire.upstream.requests.filter(({ state }) => state === 'complete'),
    [],
  )
})

t.test('lines that parsers end differently are refused', async (t) => {
  const wire = await startWire(t)
  const { credential, gateway } = wire
  const heads = [
    `GET /a HTTP/1.1\n${host}\n${credential}\n\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\rX: y\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\r\nX: a\u0000b\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\r\nX\u0000: b\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\r\nX: y\r\n z\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\r\n: y\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\r\nno colon\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${host}\r\n${credential}\r\nX[: y\r\n\r\n`,
    `GET /a HTTP/2.0\r\n${host}\r\n${credential}\r\n\r\n`,
    `GET /a\r\n${host}\r\n${credential}\r\n\r\n`,
    `get /a HTTP/1.1\r\n${host}\r\n${credential}\r\n\r\n`,
    `FOO /a HTTP/1.1\r\n${host}\r\n${credential}\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  ]
  for (const head of heads)
    t.equal(codeOf(await gateway.raw(head)), 'malformed_request', JSON.stringify(head))
  t.strictSame(wire.upstream.requests, [])
})

t.test('a body is framed anew for the upstream, by what the gateway itself counted', async (t) => {
  const wire = await startWire(t)
  const sized = await wire.forwarded(['POST /a HTTP/1.1', host, 'content-LENGTH: 0005'], 'hello')
  t.strictSame(sized.header('content-length'), ['5'])
  t.strictSame(sized.header('transfer-encoding'), [])
  t.equal(sized.body.toString(), 'hello')

  const chunks = '2;ext=1\r\nhe\r\n003\r\nllo\r\n0\r\nX-Container-Read: .r:*\r\n\r\n'
  const chunked = await wire.forwarded(['POST /a HTTP/1.1', host, 'Transfer-Encoding: Chunked'], chunks)
  t.strictSame(chunked.header('transfer-encoding'), isOverHttp2() ? [] : ['chunked'])
  t.strictSame(chunked.header('content-length'), [])
  t.equal(chunked.body.toString(), 'hello')
  t.strictSame(chunked.trailers, [], 'no trailer goes up')

  for (const method of ['GET', 'DELETE', 'PROPFIND', 'PATCH']) {
    const { body } = await wire.forwarded([`${method} /a HTTP/1.1`, host, 'Content-Length: 5'], 'hello')
    t.equal(body.toString(), 'hello', method)
  }
  for (const method of ['GET', 'POST', 'DELETE']) {
    const request = await wire.forwarded([`${method} /a HTTP/1.1`, host, 'Content-Length: 0'])
    t.equal(request.bodyLength, 0, method)
    t.strictSame(request.header('transfer-encoding'), [], method)
  }
})

t.test('chunks that are not chunks break the request off on both sides', async (t) => {
  const wire = await startWire(t)
  const bodies = [
    '5\r\nhelloGET /x',
    'zz\r\n',
    '-1\r\n',
    '5 \r\nhello\r\n0\r\n\r\n',
    'FFFFFFFFFFFFFFFFF\r\n',
    '\r\n',
    '5\nhello\n0\n\n',
  ]
  for (const body of bodies) {
    const answer = await wire.send(['POST /a HTTP/1.1', host, 'Transfer-Encoding: chunked'], body)
    t.equal(answer.status, 400, JSON.stringify(body))
    t.equal(answer.closed, true)
  }
  t.equal(
    wire.upstream.requests.some(({ state }) => state === 'complete'),
    false,
  )
})
