/**
 * Bodies that wait to be asked for, and requests that do not wait for their turn.
 * @module
 */

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parseResponse, type RawResponse } from '../support/parse-response.ts'
import { until } from '../support/until.ts'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'
const upload = ['PUT /a HTTP/1.1', host, 'Content-Length: 5', 'Expect: 100-continue']

t.test('«100 Continue» is said once the request is authorized, and the body goes up', async (t) => {
  const wire = await startWire(t)
  const socket = await wire.connect()
  socket.write(`${[...upload, wire.credential].join('\r\n')}\r\n\r\n`)
  const [interim] = await once(socket, 'data')
  t.equal(interim.toString('latin1'), 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('hello')
  const [answer] = await once(socket, 'data')
  t.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /)
  const [request] = wire.upstream.requests
  t.equal(request?.body.toString(), 'hello')
})

t.test('a refused body is never asked for, and its connection is closed', async (t) => {
  const wire = await startWire(t, { routes: [{ match: { path: '/a' } }] })
  const { text } = await wire.gateway.issue({ access: 'read-only' })
  const cases: readonly (readonly [lines: readonly string[], status: number])[] = [
    [upload, 401],
    [[...upload, 'Authorization: Bearer nonsense'], 401],
    [[...upload, `Authorization: Bearer ${text}`], 403],
    [[...upload.with(0, 'PUT /b HTTP/1.1'), wire.credential], 404],
    [[...upload, 'x_y: z', wire.credential], 400],
    [[...upload.with(0, 'TRACE /a HTTP/1.1'), wire.credential], 501],
  ]
  for (const [lines, status] of cases) {
    const answer = await wire.gateway.raw(`${lines.join('\r\n')}\r\n\r\n`)
    t.equal(answer.status, status, lines.join(' | '))
    t.strictSame(answer.interim, [])
    t.strictSame(answer.header('connection'), ['close'])
    t.equal(answer.closed, true)
  }
  t.strictSame(wire.upstream.requests, [])
})

t.test('any other expectation is refused', async (t) => {
  const wire = await startWire(t)
  for (const value of ['200-ok', '100-continue, x', '']) {
    const answer = await wire.send(['PUT /a HTTP/1.1', host, 'Content-Length: 0', `Expect: ${value}`])
    t.equal(codeOf(answer), 'malformed_header', value)
  }
  t.strictSame(wire.upstream.requests, [])
})

t.test('pipelined requests are each decided on, and answered in their order', async (t) => {
  const wire = await startWire(t, {
    replyTo: async ({ target }) => {
      // The refusal behind it is ready first.
      if (target === '/1') await sleep(50)
      return { body: target }
    },
  })
  const socket = await wire.connect()
  const head = (line: string, ...more: readonly string[]) => `${[line, host, ...more].join('\r\n')}\r\n\r\n`
  socket.write(
    [
      head('GET /1 HTTP/1.1', wire.credential),
      head('GET /2 HTTP/1.1'),
      `${head('POST /3 HTTP/1.1', wire.credential, 'Content-Length: 5')}GET /`,
      head('GET //4 HTTP/1.1', wire.credential),
    ].join(''),
  )
  const responses = await responsesOf(socket, 4)
  t.strictSame(
    responses.map(({ status }) => status),
    [200, 401, 200, 400],
  )
  t.strictSame(
    wire.upstream.requests.map(({ target }) => target),
    ['/1', '/3'],
  )
  t.equal(responses[0]?.body.toString(), '/1')
  t.equal(responses[2]?.body.toString(), '/3')
  t.equal(wire.upstream.requests[1]?.body.toString(), 'GET /')
})

t.test('a credential counts for its own request and not for the next on the connection', async (t) => {
  const wire = await startWire(t)
  const socket = await wire.connect()
  socket.write(`GET /1 HTTP/1.1\r\n${host}\r\n${wire.credential}\r\n\r\n`)
  t.equal((await responsesOf(socket, 1))[0]?.status, 200)
  socket.write(`GET /2 HTTP/1.1\r\n${host}\r\n\r\n`)
  t.equal((await responsesOf(socket, 1))[0]?.status, 401)
  t.strictSame(
    wire.upstream.requests.map(({ target }) => target),
    ['/1'],
  )
})

async function responsesOf(socket: NodeJS.ReadableStream, count: number): Promise<readonly RawResponse[]> {
  const responses: RawResponse[] = []
  let bytes: Buffer = Buffer.alloc(0)
  const onData = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const parsed = parseResponse(bytes, { isHead: false, isEnded: false })
      if (parsed === undefined) return
      responses.push(parsed.response)
      bytes = parsed.rest
    }
  }
  socket.on('data', onData)
  await until(() => responses.length >= count, 5_000)
  socket.off('data', onData)
  return responses
}
