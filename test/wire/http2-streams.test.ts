/**
 * Streams that are none, frames out of their order, and padding: the upstream gets one request for each that is whole.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:tls'
import t from 'tap'
import {
  dataFrame,
  errorCodes,
  flags,
  frame,
  frameTypes,
  headersFrame,
  preface,
  settingIds,
  settingsFrame,
  uint32,
} from '../support/http2/frames.ts'
import { headerBlock, indexed } from '../support/http2/hpack.ts'
import { rawRequest } from '../support/raw-request.ts'
import { until } from '../support/until.ts'
import { type Http2Wire, pseudo, startHttp2Wire } from './http2-wire.ts'

/** Each of these is one connection whose frames are no protocol, and the code that it ends with. */
const violations: Readonly<
  Record<string, readonly [code: number, frames: (wire: Http2Wire) => readonly Buffer[]]>
> = {
  'a stream with an even number': [errorCodes.protocol, (wire) => [headersFrame(2, wire.get('/a'))]],
  'a request on the connection itself': [errorCodes.protocol, (wire) => [headersFrame(0, wire.get('/a'))]],
  'DATA on a stream that never began': [errorCodes.protocol, () => [dataFrame(1, 'x')]],
  'another frame within a head': [
    errorCodes.protocol,
    (wire) => [headersFrame(1, wire.get('/a'), flags.endStream), headersFrame(3, wire.get('/b'))],
  ],
  'CONTINUATION of another stream': [
    errorCodes.protocol,
    (wire) => [
      headersFrame(1, wire.get('/a'), flags.endStream),
      frame(frameTypes.continuation, flags.endHeaders, 3, wire.get('/b')),
    ],
  ],
  'CONTINUATION behind a whole head': [
    errorCodes.protocol,
    (wire) => [
      headersFrame(1, wire.post(), flags.endHeaders),
      frame(frameTypes.continuation, flags.endHeaders, 1, wire.get('/b')),
    ],
  ],
  'a push by the client': [
    errorCodes.protocol,
    (wire) => [
      frame(frameTypes.pushPromise, flags.endHeaders, 1, Buffer.concat([uint32(2), wire.get('/a')])),
    ],
  ],
  'a frame larger than was allowed': [
    errorCodes.frameSize,
    (wire) => [headersFrame(1, wire.post(), flags.endHeaders), dataFrame(1, Buffer.alloc(16_385))],
  ],
  'a line of the table that is none': [
    errorCodes.compression,
    (wire) => [headersFrame(1, Buffer.concat([wire.get('/a'), indexed(200)]))],
  ],
  'a table larger than was allowed': [
    errorCodes.compression,
    (wire) => [headersFrame(1, Buffer.concat([Buffer.of(0x3f, 0xff, 0xff, 0xff, 0x7f), wire.get('/a')]))],
  ],
  'padding longer than its frame': [
    errorCodes.protocol,
    (wire) => [
      headersFrame(1, wire.post(), flags.endHeaders),
      frame(frameTypes.data, flags.padded | flags.endStream, 1, Buffer.from([200, 0x68, 0x69])),
    ],
  ],
  'a head with padding longer than its frame': [
    errorCodes.protocol,
    (wire) => [
      frame(
        frameTypes.headers,
        flags.padded | 0x5,
        1,
        Buffer.concat([Buffer.of(255), wire.get('/a').subarray(0, 9)]),
      ),
    ],
  ],
  'a window for all streams that is too large': [
    errorCodes.flowControl,
    () => [settingsFrame([[settingIds.initialWindowSize, 0x80000000]])],
  ],
}

t.test('H21 what is no protocol ends its connection, and no whole request goes up', async (t) => {
  const wire = await startHttp2Wire(t)
  for (const [what, [code, frames]] of Object.entries(violations)) {
    const before = wire.upstream.requests.length
    const connection = await wire.open()
    connection.send(...frames(wire))
    t.equal(await connection.over(), code, what)
    await until(() => wire.upstream.requests.every(({ state }) => state !== 'receiving'))
    const whole = wire.upstream.requests.slice(before).filter(({ state }) => state === 'complete')
    t.strictSame(
      whole.map(({ target }) => target),
      [],
      what,
    )
  }
  await wire.serves(t)
})

t.test('H21 a stream is used once: a number again, or a lower one, is no second request', async (t) => {
  const wire = await startHttp2Wire(t)
  const connection = await wire.open()
  connection.send(headersFrame(5, wire.get('/first')))
  t.equal((await connection.answer(5)).status, 200)
  connection.send(headersFrame(5, wire.get('/again')), headersFrame(3, wire.get('/lower')), dataFrame(5, 'x'))
  connection.send(headersFrame(7, wire.get('/next')))
  await connection.answer(7).catch(() => undefined)
  t.notMatch(wire.upstream.requests.map(({ target }) => target).join(), /again|lower/)
})

t.test('H21 DATA behind the end of a stream are no part of the request', async (t) => {
  const wire = await startHttp2Wire(t)
  const connection = await wire.open()
  connection.send(headersFrame(1, wire.post(), flags.endHeaders), dataFrame(1, 'whole', flags.endStream))
  connection.send(dataFrame(1, 'GET /smuggled HTTP/1.1\r\n\r\n', flags.endStream))
  await connection.answer(1)
  await until(() => wire.upstream.requests.every(({ state }) => state !== 'receiving'))
  t.notMatch(wire.upstream.requests.map(({ body }) => body.toString()).join(), /smuggled/)
})

t.test('H21 bodies that nobody wants give their room on the connection back', async (t) => {
  const wire = await startHttp2Wire(t)
  const connection = await wire.open()
  const chunkOf = (stream: number) => dataFrame(stream, Buffer.alloc(16_384))
  for (let index = 0; index < 60; index++) {
    const stream = 2 * index + 1
    const head = headerBlock([...pseudo({ method: 'POST' }), ['authorization', 'Bearer nobody']])
    connection.send(headersFrame(stream, head, flags.endHeaders), chunkOf(stream))
    t.equal((await connection.answer(stream)).status, 401)
    // These cross the end of the stream.
    connection.send(chunkOf(stream), chunkOf(stream))
  }
  connection.send(
    headersFrame(201, wire.post(), flags.endHeaders),
    chunkOf(201),
    dataFrame(201, '', flags.endStream),
  )
  t.equal((await connection.answer(201)).status, 200)
  t.equal(connection.goAway(), undefined)
  t.strictSame(
    wire.upstream.requests.map(({ bodyLength }) => bodyLength),
    [16_384],
  )
})

t.test('H22 padding is no part of a head or of a body', async (t) => {
  const wire = await startHttp2Wire(t)
  const padding = 200
  const padded = (type: number, set: number, bytes: Buffer) =>
    frame(type, flags.padded | set, 1, Buffer.concat([Buffer.of(padding), bytes, Buffer.alloc(padding)]))
  const answer = await wire.ask(
    padded(frameTypes.headers, flags.endHeaders, wire.post(['content-length', '4'])),
    padded(frameTypes.data, flags.none, Buffer.from('he')),
    padded(frameTypes.data, flags.none, Buffer.alloc(0)),
    padded(frameTypes.data, flags.endStream, Buffer.from('ll')),
  )
  t.equal(answer.status, 200)
  t.equal(wire.upstream.requests.length, 1)
  t.equal(wire.upstream.requests[0]?.body.toString(), 'hell')
})

t.test(
  'H24 without TLS there is no HTTP/2: neither its preface nor an upgrade to it opens anything',
  async (t) => {
    const wire = await startHttp2Wire(t, { listen: { tls: undefined } })
    const { port } = wire.gateway
    const settings = settingsFrame([])
    const smuggled = headersFrame(1, wire.get('/smuggled'))
    const prior = await rawRequest(port, Buffer.concat([preface, settings, smuggled]), {
      untilClose: true,
    })
    t.equal(prior.status, 400)
    t.equal(wire.upstream.requests.length, 0)
    const lines = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
    const head = ['GET /a HTTP/1.1', 'Host: gate.example', `Authorization: Bearer ${wire.token}`, ...lines]
    const upgrade = await rawRequest(port, `${head.join('\r\n')}\r\n\r\n`)
    t.equal(upgrade.status, 200, 'a plain request')
    t.strictSame(upgrade.header('upgrade'), [])
    const [request, ...more] = wire.upstream.requests
    t.strictSame(
      [request?.target, request?.header('upgrade'), request?.header('http2-settings')],
      ['/a', [], []],
    )
    t.strictSame(more, [])
  },
)

t.test('H24 over TLS, whoever did not agree on HTTP/2 does not speak it', async (t) => {
  const wire = await startHttp2Wire(t)
  for (const ALPNProtocols of [['http/1.1'], undefined]) {
    const socket = connect({
      port: wire.gateway.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols,
    })
    t.teardown(() => socket.destroy())
    let answer = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text
    })
    socket.on('error', () => {})
    socket.write(Buffer.concat([preface, settingsFrame([]), headersFrame(1, wire.get('/smuggled'))]))
    await once(socket, 'close', { signal: AbortSignal.timeout(5_000) })
    t.match(answer, /^HTTP\/1\.1 400 /)
  }
  t.equal(wire.upstream.requests.length, 0)
  await wire.serves(t)
})
