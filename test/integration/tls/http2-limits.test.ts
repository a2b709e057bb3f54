/**
 * What a client may hold over HTTP/2: streams, time, and what is written for it.
 * @module
 */

import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import t from 'tap'
import { answerOf, authority, connectHttp2 } from '../../support/http2-client.ts'
import { until } from '../../support/until.ts'
import { refusalCodeOf, startSecureWire } from '../../wire/secure-wire.ts'

t.test('no more streams at once than allowed, and more as those end', async (t) => {
  const wire = await startSecureWire(t, {
    listen: { limits: { streams: 3 } },
    replyTo: () => new Promise(() => {}),
  })
  await once(wire.session, 'remoteSettings')
  t.equal(wire.session.remoteSettings.maxConcurrentStreams, 3)
  const streams = Array.from({ length: 4 }, () => wire.begin({ ':method': 'GET' }).end())
  await until(() => wire.upstream.requests.length === 3)
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(wire.upstream.requests.length, 3, 'the fourth waits at the client')
  wire.upstream.reply(() => ({ body: 'ok' }))
  streams[0]?.close(8)
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'aborted'))
  t.match(await wire.ask(), { status: 200, code: 0 })
})

t.test('a body that does not come in time is refused, and no whole one goes up', async (t) => {
  const wire = await startSecureWire(t, { listen: { timeouts: { request: '500ms', headers: '400ms' } } })
  const stream = wire.begin({ ':method': 'POST' })
  stream.write('half')
  const answer = await answerOf(stream)
  t.match(answer, { status: 408, code: 0 })
  t.equal(refusalCodeOf(answer), 'request_timeout')
  await until(() => wire.upstream.requests[0]?.state === 'aborted')
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'request_timeout'))
  t.match(await wire.ask(), { status: 200 }, 'the connection goes on')
})

t.test('a client that takes nothing of an answer loses that stream alone', async (t) => {
  const wire = await startSecureWire(t, {
    listen: { timeouts: { idle: '1s', keepAlive: '1s' } },
    replyTo: ({ target }) => ({ body: target === '/large' ? Buffer.alloc(8 * 1024 * 1024) : 'ok' }),
  })
  const slow = wire.begin({ ':method': 'GET', ':path': '/large' })
  slow.end()
  let isSlowClosed = false
  slow.once('close', () => {
    isSlowClosed = true
  })
  await once(slow, 'response')
  // The connection itself is busy all the time.
  while (!wire.gateway.log.some(({ path }) => path === '/large')) await wire.ask()
  t.match(
    wire.gateway.log.find(({ path }) => path === '/large'),
    { outcome: 'aborted' },
  )
  slow.resume()
  await until(() => isSlowClosed)
  t.not(slow.rstCode, 0)
})

t.test('a connection without a stream is told to go and closed', async (t) => {
  const wire = await startSecureWire(t, { listen: { timeouts: { keepAlive: '500ms', headers: '500ms' } } })
  const silent = connectHttp2(t, wire.gateway.port)
  const goaways: number[] = []
  wire.session.on('goaway', (code) => goaways.push(code))
  t.match(await wire.ask(), { status: 200 })
  await until(() => wire.session.destroyed && silent.destroyed)
  t.strictSame(goaways, [0])
})

t.test('a handshake has its time, however its bytes come', async (t) => {
  const wire = await startSecureWire(t, { listen: { timeouts: { handshake: '1s' } } })
  const hello = await clientHello()
  const silent = connectPlain(wire.gateway.port, '127.0.0.1')
  const dripping = connectPlain(wire.gateway.port, '127.0.0.1')
  const closed = Promise.all(
    // A byte that meets a closed connection is an error, which `once` of Node would take for the end.
    [silent, dripping].map((socket) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.on('error', () => {}).once('close', () => resolve())
      return promise
    }),
  )
  silent.resume()
  dripping.resume()
  let sent = 0
  // One byte at a time would take the whole of it longer than the handshake may.
  const drip = setInterval(() => dripping.write(hello.subarray(sent, ++sent)), 100)
  t.teardown(() => clearInterval(drip))
  await closed
  t.ok(sent < hello.length)
  await until(async () => (await wire.gateway.metric('sallyport_tls_handshakes_failed_total')) === 2)
})

t.test('connections are counted before their handshake', async (t) => {
  const wire = await startSecureWire(t, { listen: { limits: { connections: 2 } } })
  await once(wire.session, 'connect')
  const second = connectPlain(wire.gateway.port, '127.0.0.1')
  t.teardown(() => second.destroy())
  await once(second, 'connect')
  const third = connect({
    port: wire.gateway.port,
    host: '127.0.0.1',
    ca: authority,
    servername: 'service.test',
  })
  await new Promise((resolve) => third.once('error', resolve))
  second.destroy()
  t.match(await wire.ask(), { status: 200 })
})

/** What a client sends first. */
async function clientHello(): Promise<Buffer> {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1' }).on('error', () => {})
  const [socket] = await once(server, 'connection')
  socket.on('error', () => {})
  const [bytes] = await once(socket, 'data')
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}
