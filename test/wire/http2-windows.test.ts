/**
 * What a client may have under way at once: answers that it does not take, bodies that nobody asked for, requests beyond
 * its streams.
 * @module
 */

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  dataFrame,
  errorCodes,
  flags,
  frameTypes,
  headersFrame,
  pingFrame,
  settingIds,
  windowFrame,
} from '../support/http2/frames.ts'
import { until } from '../support/until.ts'
import { startHttp2Wire } from './http2-wire.ts'

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

t.test('H11 a client that has not read the bound is told to send again what is beyond it', async (t) => {
  const held = Promise.withResolvers<{ body: string }>()
  const wire = await startHttp2Wire(t, {
    listen: { limits: { streams: 10 } },
    replyTo: ({ target }) => (target === '/held' ? held.promise : { body: 'ok' }),
  })
  const connection = await wire.open({ isSilent: true })
  const ids = Array.from({ length: 50 }, (_, index) => 2 * index + 1)
  connection.send(...ids.map((id) => headersFrame(id, wire.get('/held'))))
  for (const id of ids.slice(10)) t.equal((await connection.answer(id)).reset, errorCodes.refusedStream)
  held.resolve({ body: 'ok' })
  for (const id of ids.slice(0, 10)) t.equal((await connection.answer(id)).status, 200)
  t.equal(wire.upstream.requests.length, 10)
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
