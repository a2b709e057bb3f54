/**
 * Uploads that are answered before they are over: by a refusal, or by the upstream.
 * @module
 */

import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const mebibyte = 1_048_576

t.test('a client that is refused in the middle of its upload gets to read why', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway } = await begin(t, upstream.url)
  for (const framing of [`Content-Length: ${16 * mebibyte}`, 'Transfer-Encoding: chunked']) {
    const answer = await uploadAll(gateway.port, `PUT /a HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.1 401 /)
    t.match(answer, /"code":"credential_required"/)
  }
  t.strictSame(upstream.requests, [])
})

t.test('a connection on which an upload was refused can be used again once it is over', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, credential } = await begin(t, upstream.url)
  const socket = connect(gateway.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  socket.write(`PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${mebibyte}\r\n\r\n${'x'.repeat(1000)}`)
  await until(() => received.includes('credential_required'))
  socket.write('x'.repeat(mebibyte - 1000))
  socket.write(`GET /b HTTP/1.1\r\nHost: x\r\n${credential}\r\n\r\n`)
  await until(() => /HTTP\/1\.1 200 /.test(received))
  t.strictSame(
    upstream.requests.map(({ target }) => target),
    ['/b'],
  )
})

t.test('what is refused is never read by the upstream as another request', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, credential } = await begin(t, upstream.url)
  const inner = `GET /inner HTTP/1.1\r\nHost: x\r\n${credential}\r\n\r\n`
  const answer = await gateway.raw(
    `PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  )
  t.equal(answer.status, 401)
  t.equal(answer.rest.length, 0)
  t.strictSame(upstream.requests, [])
})

t.test('an answer that comes before the upload is over reaches the client', async (t) => {
  const upstream = await recordingUpstream(t, () => ({ status: 413, body: 'too large' }), {
    replyAtHead: true,
  })
  const { gateway, credential } = await begin(t, upstream.url)
  const head = `PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${64 * mebibyte}\r\n${credential}\r\n\r\n`
  const answer = await uploadAll(gateway.port, head)
  t.match(answer, /^HTTP\/1\.1 413 .*too large$/s)
  upstream.reply(() => ({ body: 'next' }))
  const next = await gateway.raw(`GET /b HTTP/1.1\r\nHost: x\r\n${credential}\r\n\r\n`)
  t.equal(next.body.toString(), 'next', 'the next request is not taken for the rest of the upload')
  t.strictSame(
    upstream.requests.map(({ target }) => target),
    ['/a', '/b'],
  )
})

t.test('an upstream that answers and hangs up during an upload is still heard', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end('HTTP/1.1 507 Insufficient Storage\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfull'),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const { gateway, credential } = await begin(t, `http://127.0.0.1:${port}`)
  const head = `PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${8 * mebibyte}\r\n${credential}\r\n\r\n`
  t.match(await uploadAll(gateway.port, head), /^HTTP\/1\.1 507 .*full$/s)
})

t.test('an upstream that dies during an upload is 502, which the client gets to read', async (t) => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const { gateway, credential } = await begin(t, `http://127.0.0.1:${port}`)
  const head = `PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${8 * mebibyte}\r\n${credential}\r\n\r\n`
  t.match(await uploadAll(gateway.port, head), /^HTTP\/1\.1 502 /)
})

t.test("an upload by Node's own client arrives whole, whatever its framing", async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, credential } = await begin(t, upstream.url)
  for (const headers of [{ 'content-length': 3 * mebibyte }, {}]) {
    const upload = httpRequest({
      port: gateway.port,
      host: '127.0.0.1',
      method: 'PUT',
      path: '/a',
      headers: { ...headers, authorization: credential.slice('Authorization: '.length) },
    })
    for (let sent = 0; sent < 3; sent++) upload.write(Buffer.alloc(mebibyte, sent))
    upload.end()
    const [response] = await once(upload, 'response')
    response.resume()
    t.equal(response.statusCode, 200)
    t.equal(upstream.requests.at(-1)?.bodyLength, 3 * mebibyte)
  }
  t.equal(upstream.requests[0]?.bodySha256, upstream.requests[1]?.bodySha256)
})

async function begin(t: Scope, url: string) {
  const gateway = await startTestGateway(t, { upstream: url, routes: [{ match: { path: '/{path*}' } }] })
  const { text } = await gateway.issue()
  return { gateway, credential: `Authorization: Bearer ${text}` }
}

/** Writes a head and then bytes without end, as clients do that read only when they have written; yields what came. */
async function uploadAll(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  socket.on('error', () => {})
  socket.write(head)
  const chunk = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`)
  for (let sent = 0; sent < 4 * mebibyte && !socket.destroyed; sent += chunk.length) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
  await until(() => /\r\n\r\n.+/s.test(received) || socket.destroyed)
  socket.destroy()
  return received
}
