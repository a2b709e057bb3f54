/**
 * Clients that take their time, or more than their share of memory: each costs what its bounds say, and is let go of.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import {
  dataFrame,
  errorCodes,
  flags,
  frameTypes,
  headersFrame,
  pingFrame,
  preface,
  settingIds,
  windowFrame,
} from '../support/http2/frames.ts'
import { firstDynamicIndex, headerBlock, indexed, keptLiteral } from '../support/http2/hpack.ts'
import { until } from '../support/until.ts'
import { codeOfHttp2, type Http2Wire, pseudo, startHttp2Wire } from './http2-wire.ts'

const mebibyte = 1_048_576

/** A wire whose upstream answers with a gibibyte each, and counts what it got rid of. */
async function startLargeWire(t: Test, idle: string) {
  const sent = { bytes: 0, brokenOff: 0 }
  const wire = await startHttp2Wire(t, {
    listen: { timeouts: { idle } },
    replyTo: ({ target }) => (target.startsWith('/large') ? { body: large() } : { body: 'ok' }),
  })
  return { wire, sent }

  function large(): Readable {
    let rest = 1_024
    const chunk = Buffer.alloc(mebibyte)
    return new Readable({
      highWaterMark: 65_536,
      read() {
        if (rest-- === 0) this.push(null)
        else {
          sent.bytes += chunk.length
          this.push(chunk)
        }
      },
      destroy(error, done) {
        if (rest > 0) sent.brokenOff++
        done(error)
      },
    })
  }
}

for (const window of [0, 1]) {
  t.test(
    `H09 answers for a window of ${window} stop the upstream, and end when nobody takes them`,
    async (t) => {
      const { wire, sent } = await startLargeWire(t, '1500ms')
      const streams = 20
      const connection = await wire.open({ settings: [[settingIds.initialWindowSize, window]] })
      const before = process.memoryUsage().rss
      for (let index = 0; index < streams; index++) {
        connection.send(headersFrame(2 * index + 1, wire.get(`/large/${index}`)))
      }
      await until(() => wire.upstream.requests.length === streams, 5_000)
      await until(() => sent.bytes >= streams * mebibyte, 5_000)
      await sleep(500)
      // What fits into the buffers of both sockets, and into the gateway's for one stream.
      t.ok(sent.bytes <= streams * 16 * mebibyte, `the upstream got rid of ${sent.bytes} bytes`)
      t.ok(process.memoryUsage().rss - before < 512 * mebibyte, 'no answer is kept')
      await wire.serves(t)
      await until(() => sent.brokenOff === streams, 8_000)
      t.equal(
        wire.upstream.requests.filter(({ target }) => target.startsWith('/large')).length,
        streams,
        'each was asked once',
      )
      await wire.serves(t)
    },
  )
}

t.test('H09 an answer that nobody takes is given up on a busy connection too, and alone', async (t) => {
  const { wire, sent } = await startLargeWire(t, '1s')
  const connection = await wire.open({ settings: [[settingIds.initialWindowSize, 0]] })
  const busy = setInterval(() => connection.send(pingFrame()), 100)
  t.teardown(() => clearInterval(busy))
  connection.send(headersFrame(1, wire.get('/large/busy')))
  const { status, isComplete, reset } = await connection.answer(1)
  t.strictSame([status, isComplete, reset], [200, false, errorCodes.internal])
  await until(() => sent.brokenOff === 1)
  connection.send(headersFrame(3, wire.get('/next')), windowFrame(3, 100))
  t.equal((await connection.answer(3)).body.toString(), 'ok', 'the connection goes on')
})

t.test('H09 a window that is opened byte by byte gets byte by byte, and the upstream waits', async (t) => {
  const { wire, sent } = await startLargeWire(t, '1s')
  const connection = await wire.open({ settings: [[settingIds.initialWindowSize, 0]] })
  connection.send(headersFrame(1, wire.get('/large/dribble')))
  await connection.until(({ type, streamId }) => type === frameTypes.headers && streamId === 1)
  const dribble = setInterval(() => connection.send(windowFrame(1, 1)), 50)
  t.teardown(() => clearInterval(dribble))
  await sleep(2_000)
  const taken = connection.answerSoFar(1).body.length
  t.ok(taken > 0 && taken < 100, `${taken} bytes`)
  t.ok(sent.bytes <= 16 * mebibyte, 'the upstream waits')
  clearInterval(dribble)
  await until(() => sent.brokenOff === 1, 6_000)
})

t.test('H09 DATA beyond the window end the connection, and the upstream paused', async (t) => {
  const wire = await startHttp2Wire(t, {
    replyTo: () => new Promise(() => {}),
    upstreamOptions: { replyAtHead: true },
  })
  const connection = await wire.open()
  connection.send(headersFrame(1, wire.post(), flags.endHeaders))
  const chunk = dataFrame(1, Buffer.alloc(16_384))
  for (let index = 0; index < 512; index++) connection.send(chunk)
  // Nobody opened a window for so much: 8 MiB in one go.
  const code = await connection.over()
  t.equal(code, errorCodes.flowControl)
  await until(() => wire.upstream.requests.every(({ state }) => state === 'aborted'))
})

t.test('H11 streams beyond the bound do not reach the upstream, and end their connection', async (t) => {
  const held = Promise.withResolvers<{ body: string }>()
  const wire = await startHttp2Wire(t, {
    listen: { limits: { streams: 10 } },
    replyTo: ({ target }) => (target === '/held' ? held.promise : { body: 'ok' }),
  })
  const connection = await wire.open()
  for (let index = 0; index < 100; index++) connection.send(headersFrame(2 * index + 1, wire.get('/held')))
  await connection.over()
  await wire.serves(t)
  t.ok(wire.upstream.requests.filter(({ target }) => target === '/held').length <= 10)
  held.resolve({ body: 'ok' })
})

t.test('H11 streams up to the bound are answered, and then as many again', async (t) => {
  const wire = await startHttp2Wire(t, { listen: { limits: { streams: 10 } } })
  const connection = await wire.open()
  for (let round = 0; round < 5; round++) {
    const ids = Array.from({ length: 10 }, (_, index) => 2 * (10 * round + index) + 1)
    connection.send(...ids.map((id) => headersFrame(id, wire.get('/a'))))
    for (const id of ids) t.equal((await connection.answer(id)).status, 200)
  }
})

/** One large line in the table, and as many references to it as fit into a frame. */
async function bomb(t: Test, wire: Http2Wire, name: string, references: number): Promise<void> {
  const connection = await wire.open()
  const line = keptLiteral([name, 'x'.repeat(3_900)])
  connection.send(headersFrame(1, Buffer.concat([wire.get('/table'), line])))
  t.equal((await connection.answer(1)).status, 200)
  // The use of the token is recorded behind the answer.
  await sleep(150)
  const before = { requests: wire.upstream.requests.length, work: await wire.work() }
  const memory = process.memoryUsage().rss
  for (let index = 1; index <= 50; index++) {
    const bombs = Buffer.concat(Array.from({ length: references }, () => indexed(firstDynamicIndex)))
    connection.send(headersFrame(2 * index + 1, Buffer.concat([wire.get('/bomb'), bombs])))
  }
  for (let index = 1; index <= 50; index++) {
    const { status, reset, goAway } = await connection.answer(2 * index + 1)
    t.ok(
      status === 431 || reset === errorCodes.enhanceYourCalm || goAway !== undefined,
      `${status} ${reset} ${goAway}`,
    )
  }
  t.ok(process.memoryUsage().rss - memory < 256 * mebibyte, 'nothing was unfolded')
  t.strictSame({ requests: wire.upstream.requests.length, work: await wire.work() }, before)
}

for (const name of ['x-bomb', 'cookie', 'accept']) {
  for (const references of [16_000, 100, 9]) {
    t.test(
      `H04 ${references} references to one large ${name} are refused before they are unfolded`,
      async (t) => {
        const wire = await startHttp2Wire(t)
        await bomb(t, wire, name, references)
        await wire.serves(t)
      },
    )
  }
}

t.test('H10 headers without a name cost nothing and go up as nothing', async (t) => {
  const wire = await startHttp2Wire(t)
  const nothing = headerBlock(Array.from({ length: 1_000 }, () => ['', ''] as const))
  const answer = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/a'), nothing])))
  t.ok(answer.status === 0 || answer.status === 431 || answer.status === 200)
  for (const { headers } of wire.upstream.requests)
    t.strictSame(
      headers.filter(([name]) => name === ''),
      [],
    )
})

t.test(
  'H20 header lines beyond the bound are 431 or end the stream, and none is cut off in silence',
  async (t) => {
    const wire = await startHttp2Wire(t, {
      routes: [{ match: { path: '/{path*}' }, authorize: { public: true } }],
    })
    const lines = (count: number) =>
      headerBlock(Array.from({ length: count }, (_, index) => [`x-${index}`, 'y'] as const))
    const full = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/full'), lines(98)])))
    t.equal(full.status, 200)
    t.strictSame(wire.upstream.requests[0]?.header('x-97'), ['y'])
    const over = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/over'), lines(99)])))
    t.equal(codeOfHttp2(over), 'too_many_headers')
    for (const count of [104, 110, 205, 300, 1_000]) {
      const answer = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/over'), lines(count)])))
      if (answer.status === 0) t.equal(answer.reset ?? answer.goAway, errorCodes.enhanceYourCalm, `${count}`)
      else t.equal(codeOfHttp2(answer), 'too_many_headers', `${count}`)
    }
    const large = headerBlock([['x-large', 'y'.repeat(15_000)]])
    const twice = Buffer.concat([wire.get('/over'), large])
    t.equal((await wire.ask(headersFrame(1, twice))).status, 200, 'half of the bound')
    t.equal(wire.upstream.requests.length, 2)
  },
)

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
