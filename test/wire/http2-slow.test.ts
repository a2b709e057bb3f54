/**
 * Clients of HTTP/2 that take their time: with the handshake, with heads and with bodies.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { dataFrame, errorCodes, flags, headersFrame, preface } from '../support/http2/frames.ts'
import { headerBlock } from '../support/http2/hpack.ts'
import { until } from '../support/until.ts'
import { codeOfHttp2, pseudo, startHttp2Wire } from './http2-wire.ts'

t.test('H25 a handshake that does not come to its end is closed', async (t) => {
  const wire = await startHttp2Wire(t, { listen: { timeouts: { handshake: '500ms' } } })
  for (const bytes of [
    '',
    '\u0016\u0003\u0001',
    'GET / HTTP/1.1\r\nHost: gate.example\r\n\r\n',
    preface.toString(),
  ]) {
    const socket = connect(wire.gateway.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    socket.resume()
    socket.write(bytes)
    await once(socket, 'close', { signal: AbortSignal.timeout(5_000) })
  }
  t.equal(wire.upstream.requests.length, 0)
  await wire.serves(t)
})

t.test('H25 a connection on which no request begins is closed', async (t) => {
  const wire = await startHttp2Wire(t, { listen: { timeouts: { headers: '500ms' } } })
  const silent = connectTls({
    port: wire.gateway.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  })
  t.teardown(() => silent.destroy())
  silent.on('error', () => {})
  silent.resume()
  await once(silent, 'close', { signal: AbortSignal.timeout(10_000) })
  const idle = await wire.open()
  await idle.over()
  t.equal(wire.upstream.requests.length, 0)
})

t.test('H25 a head that does not come to its end ends its connection', async (t) => {
  const wire = await startHttp2Wire(t, { listen: { timeouts: { headers: '500ms' } } })
  const connection = await wire.open()
  connection.send(headersFrame(1, wire.get('/slow'), flags.endStream))
  await connection.over()
  t.equal(wire.upstream.requests.length, 0)
})

t.test('H25 a body that trickles in for ever is 408, and is no whole body to the upstream', async (t) => {
  const wire = await startHttp2Wire(t, { listen: { timeouts: { request: '1s' } } })
  const connection = await wire.open()
  connection.send(headersFrame(1, wire.post(['content-length', '100']), flags.endHeaders))
  const trickle = setInterval(() => connection.send(dataFrame(1, 'x')), 50)
  t.teardown(() => clearInterval(trickle))
  const answer = await connection.answer(1)
  clearInterval(trickle)
  t.equal(codeOfHttp2(answer), 'request_timeout')
  await until(() => wire.upstream.requests.every(({ state }) => state === 'aborted'))
  t.equal(wire.upstream.requests.length, 1)
  connection.send(headersFrame(3, wire.get('/next')))
  t.equal((await connection.answer(3)).status, 200, 'other streams go on')
  await until(() => wire.gateway.log.filter(({ message }) => message === 'request').length === 2)
  t.strictSame(
    wire.gateway.log.flatMap(({ outcome }) => outcome ?? []),
    ['request_timeout', 'forwarded'],
  )
})

t.test('H25 a body that trickles in behind the beginning of its answer is broken off', async (t) => {
  const { promise: held } = Promise.withResolvers<void>()
  const wire = await startHttp2Wire(t, {
    listen: { timeouts: { request: '1s' } },
    upstreamOptions: { replyAtHead: true },
    replyTo: () => ({
      body: Readable.from(
        (async function* () {
          yield 'begun'
          await held
        })(),
      ),
    }),
  })
  const connection = await wire.open()
  connection.send(headersFrame(1, wire.post(['content-length', '100']), flags.endHeaders))
  const trickle = setInterval(() => connection.send(dataFrame(1, 'x')), 50)
  t.teardown(() => clearInterval(trickle))
  const { status, body, isComplete, reset } = await connection.answer(1)
  t.strictSame([status, body.toString(), isComplete, reset], [200, 'begun', false, errorCodes.internal])
  await until(() => wire.upstream.requests[0]?.state === 'aborted')
})

t.test('H25 settings that a client never agrees to keep no request from its answer', async (t) => {
  const wire = await startHttp2Wire(t, { listen: { timeouts: { headers: '500ms' } } })
  const connection = await wire.open({ isSilent: true })
  connection.send(headersFrame(1, headerBlock(pseudo({ path: '/public/x' }))))
  t.equal((await connection.answer(1)).status, 200)
})
