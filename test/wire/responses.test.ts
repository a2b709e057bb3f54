/**
 * Responses reach the client as the upstream meant them.
 * @module
 */

import { once } from 'node:events'
import { Readable } from 'node:stream'
import t from 'tap'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'
const get = ['GET /a HTTP/1.1', host]

t.test('status, reason, header lines and bytes come down as they are', async (t) => {
  const headers: readonly HeaderLine[] = [
    ['X-b', '1'],
    ['Set-Cookie', 'a=1; Path=/'],
    ['set-cookie', 'b=2'],
    ['ETag', '"\u00e9\u00ff"'],
    ['Set-Cookie', 'a=3'],
    ['X-Empty', ''],
    ['Content-Type', 'text/plain'],
    ['Server', 'legacy/1.0'],
    ['Location', 'http://gate.example/b'],
  ]
  const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const wire = await startWire(t, { replyTo: () => ({ status: 299, statusText: 'Quite OK', headers, body }) })
  const answer = await wire.send(get)
  t.equal(answer.status, 299)
  t.equal(answer.statusText, 'Quite OK')
  t.strictSame(answer.headers.slice(0, headers.length), headers)
  t.strictSame(answer.header('content-length'), ['256'])
  t.equal(answer.header('date').length, 1, 'added where the upstream gave none (RFC 9110 section 6.6.1)')
  t.ok(answer.body.equals(body))
})

t.test('bytes of a head are the same when it goes ahead of its body', async (t) => {
  const wire = await startWire(t)
  const ahead = [
    'HTTP/1.1 200 D\u00e9j\u00e0 vu\r\nX-Name: caf\u00e9 \u00ff\r\n\r\n',
    'HTTP/1.0 200 OK\r\nX-Name: caf\u00e9 \u00ff\r\n\r\n',
    // An expectation means nothing in a response: it stays behind.
    'HTTP/1.1 200 OK\r\nExpect: 100-continue\r\nX-Name: caf\u00e9 \u00ff\r\nContent-Length: 0\r\n\r\n',
  ]
  for (const raw of ahead) {
    wire.upstream.reply(() => ({ raw: Buffer.from(raw, 'latin1') }))
    for (const version of ['1.0', '1.1']) {
      const answer = await wire.send(get.with(0, `GET /a HTTP/${version}`))
      t.strictSame(answer.header('x-name'), ['caf\u00e9 \u00ff'], `${version}: ${raw}`)
      t.strictSame(answer.header('expect'), [])
    }
  }
})

t.test('HEAD keeps the length and brings no body', async (t) => {
  const wire = await startWire(t, { replyTo: () => ({ headers: [['Content-Length', '12345']] }) })
  const socket = await wire.connect()
  const head = `HEAD /a HTTP/1.1\r\n${host}\r\n${wire.credential}\r\n\r\n`
  for (const turn of ['first', 'second']) {
    socket.write(head)
    const [bytes] = await once(socket, 'data')
    const text = bytes.toString('latin1')
    t.match(text, /^HTTP\/1\.1 200 OK\r\n.*Content-Length: 12345\r\n/s, turn)
    t.equal(text.indexOf('\r\n\r\n'), text.length - 4)
    t.notMatch(text, /transfer-encoding/i)
  }
  t.strictSame(
    wire.upstream.requests.map(({ method }) => method),
    ['HEAD', 'HEAD'],
  )
})

t.test('204 and 304 end with their head, and the connection goes on', async (t) => {
  for (const status of [204, 304]) {
    const wire = await startWire(t, { replyTo: () => ({ status, headers: [['ETag', '"x"']] }) })
    const socket = await wire.connect()
    for (const turn of [1, 2]) {
      socket.write(`GET /a HTTP/1.1\r\n${host}\r\n${wire.credential}\r\n\r\n`)
      const [bytes] = await once(socket, 'data')
      t.match(
        bytes.toString('latin1'),
        new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*ETag: "x"[\\s\\S]*\\r\\n\\r\\n$`),
        `${turn}`,
      )
      t.notMatch(bytes.toString('latin1'), /transfer-encoding|content-length/i)
    }
  }
})

t.test('a chunked body stays chunked, piece by piece, and its trailers stay behind', async (t) => {
  const raw = [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Container-Read: .r:*\r\n\r\n',
  ]
  const wire = await startWire(t, { replyTo: () => ({ raw: raw.join('') }) })
  const { text } = await wire.gateway.issue()
  const answer = await wire.gateway.raw(`${get.join('\r\n')}\r\nAuthorization: Bearer ${text}\r\n\r\n`)
  t.strictSame(answer.header('transfer-encoding'), ['chunked'])
  t.equal(answer.body.toString(), 'hello world')
  t.strictSame(answer.header('x-container-read'), [])
  t.equal(answer.rest.length, 0)
})

t.test('the head and each piece come down when they are there, not when the next is', async (t) => {
  const body = new Readable({ read() {} })
  const wire = await startWire(t, {
    replyTo: () => ({ body, headers: [['Content-Type', 'text/event-stream']] }),
  })
  const socket = await wire.connect()
  socket.setEncoding('latin1').write(`GET /a HTTP/1.1\r\n${host}\r\n${wire.credential}\r\n\r\n`)
  const next = () => once(socket, 'data', { signal: AbortSignal.timeout(2_000) }).then(([text]) => text)
  body.push('first')
  let received = ''
  while (!received.includes('first')) received += await next()
  body.push('second')
  t.match(await next(), /second/)
  body.push(null)
})

t.test('a body that ends with its connection reaches the client whole', async (t) => {
  const wire = await startWire(t, { replyTo: () => ({ raw: 'HTTP/1.1 200 OK\r\n\r\nall of it' }) })
  t.equal((await wire.send(get)).body.toString(), 'all of it')
  const old = await startWire(t, { replyTo: () => ({ raw: 'HTTP/1.0 200 OK\r\nX: y\r\n\r\nall of it' }) })
  t.equal((await old.send(get)).body.toString(), 'all of it')
})

t.test('a client that speaks HTTP/1.0 gets no chunks, and the connection ends with the body', async (t) => {
  const wire = await startWire(t, { replyTo: () => ({ body: Readable.from(['hello', ' world']) }) })
  const answer = await wire.send(['GET /a HTTP/1.0', host])
  t.strictSame(answer.header('transfer-encoding'), [])
  t.equal(answer.body.toString(), 'hello world')
  t.equal(answer.closed, true)
  t.equal((await wire.send(['GET /a HTTP/1.0'])).status, 400, 'it names its host all the same')
})

t.test(
  'an answer that is not HTTP, or has two readings, is a 502 that says nothing of the upstream',
  async (t) => {
    const wire = await startWire(t)
    const answers = [
      ...['garbage\r\n\r\n', '', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 abc OK\r\n\r\n', 'SSH-2.0-OpenSSH\r\n'],
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!',
      'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nBad Header: x\r\nContent-Length: 2\r\n\r\nok',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
    ]
    for (const raw of answers) {
      wire.upstream.reply(() => ({ raw }))
      const answer = await wire.send(get)
      t.equal(answer.status, 502, JSON.stringify(raw.slice(0, 60)))
      t.equal(codeOf(answer), 'upstream_invalid')
      t.notMatch(
        answer.body.toString(),
        new RegExp(`127\\.0\\.0\\.1|${wire.upstream.port}|HPE|UND_|socket|parse`, 'i'),
      )
    }
  },
)

t.test('bytes behind the length that an upstream announced reach nobody', async (t) => {
  const wire = await startWire(t, {
    replyTo: () => ({
      raw: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX-Next: stolen\r\n\r\n',
    }),
  })
  for (const turn of [1, 2]) {
    const answer = await wire.send(get)
    t.equal(answer.body.toString(), 'ok', `${turn}`)
    t.equal(answer.rest.length, 0)
    t.strictSame(answer.header('x-next'), [])
  }
})
