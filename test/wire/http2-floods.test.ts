/**
 * Frames that cost a client little and a server much. Each flood ends its own connection; what the upstream and the
 * store hear of it has a bound, and others are served on.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { newTokenText } from '../../src/tokens/token-text.ts'
import {
  dataFrame,
  errorCodes,
  flags,
  frame,
  frameTypes,
  headersFrame,
  pingFrame,
  resetFrame,
  settingsFrame,
  uint32,
  windowFrame,
} from '../support/http2/frames.ts'
import { headerBlock } from '../support/http2/hpack.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { until } from '../support/until.ts'
import { type Http2Wire, pseudo, startHttp2Wire } from './http2-wire.ts'

/** What a connection may have under way at once, by default. */
const streams = 128

/** Beyond this many frames that are none, a connection ends. */
const invalidMax = 100

/** How often something may go up, and be looked up or asked of the store. */
interface Bounds {
  readonly requests: number
  readonly work: number
}

/** Streams that may be reset: as many as the burst, and those of the ten seconds that a flood takes at most. */
const resetsMax = 2 * streams + 330

const repeated = (count: number, one: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => one(index)))
const streamOf = (index: number) => 2 * index + 1

/** Fails unless the frames end their connection, and what they made the gateway do has a bound. */
async function endsItself(t: Test, wire: Http2Wire, flood: Buffer, bounds: Bounds): Promise<void> {
  // The record is in memory from here on: what is counted is what the flood costs.
  await wire.serves(t)
  await sleep(150)
  const before = { requests: wire.upstream.requests.length, work: await wire.work() }
  const connection = await wire.open()
  await connection.flush(flood)
  const code = await connection.over()
  const requests = wire.upstream.requests.length - before.requests
  t.ok(requests <= bounds.requests, `the upstream got ${requests} requests`)
  const work = (await wire.work()) - before.work
  t.ok(work <= bounds.work, `${work} look-ups and queries`)
  // The word of the library, which is lost where the client is still writing.
  t.not(code, errorCodes.none)
  await wire.serves(t)
}

t.test('H01 rapid reset: ten thousand requests that are reset at once end their connection', async (t) => {
  const wire = await startHttp2Wire(t)
  const flood = repeated(10_000, (index) =>
    Buffer.concat([headersFrame(streamOf(index), wire.get('/reset')), resetFrame(streamOf(index))]),
  )
  await endsItself(t, wire, flood, { requests: resetsMax, work: resetsMax })
})

t.test('H01 rapid reset with as many unknown credentials is no storm of look-ups', async (t) => {
  const wire = await startHttp2Wire(t)
  const flood = repeated(10_000, (index) => {
    const lines: readonly HeaderLine[] = [
      ...pseudo(),
      ['authorization', `Bearer ${newTokenText('personal').reveal()}`],
    ]
    return Buffer.concat([headersFrame(streamOf(index), headerBlock(lines)), resetFrame(streamOf(index))])
  })
  // A text that is unknown is looked up in memory and in the store, which is one query.
  await endsItself(t, wire, flood, { requests: 0, work: 3 * resetsMax })
})

t.test('H01 requests that are reset once the upstream has them end their connection as well', async (t) => {
  const few = 10
  const wire = await startHttp2Wire(t, {
    listen: { limits: { streams: few } },
    replyTo: ({ target }) => (target === '/reset' ? new Promise(() => {}) : { body: 'ok' }),
  })
  const received = () => wire.upstream.requests.filter(({ target }) => target === '/reset').length
  const connection = await wire.open()
  for (let round = 0; round < 100 && !connection.isOver; round++) {
    const ids = Array.from({ length: few }, (_, index) => streamOf(few * round + index))
    connection.send(...ids.map((id) => headersFrame(id, wire.get('/reset'))))
    await until(() => received() >= few * (round + 1) || connection.isOver)
    connection.send(...ids.map((id) => resetFrame(id)))
  }
  await connection.over()
  t.ok(received() <= 2 * few + 330, `the upstream got ${received()}`)
  await wire.serves(t)
})

t.test('H01 a client that changes its mind now and then is served on', async (t) => {
  const wire = await startHttp2Wire(t)
  const connection = await wire.open()
  for (let index = 0; index < 50; index++) {
    connection.send(headersFrame(streamOf(index), wire.get('/reset')), resetFrame(streamOf(index)))
  }
  connection.send(headersFrame(101, wire.get('/kept')))
  t.equal((await connection.answer(101)).status, 200)
  t.equal(connection.goAway(), undefined)
})

const provocations: Readonly<Record<string, (wire: Http2Wire, stream: number) => readonly Buffer[]>> = {
  'a window that grows by nothing': (wire, stream) => [
    headersFrame(stream, wire.get('/provoked')),
    windowFrame(stream, 0),
  ],
  'a window that grows too large': (wire, stream) => [
    headersFrame(stream, wire.get('/provoked')),
    windowFrame(stream, 0x7fffffff),
  ],
  'DATA behind the end of a stream': (wire, stream) => [
    headersFrame(stream, wire.get('/provoked')),
    dataFrame(stream, 'x'),
  ],
  'DATA beyond its length': (wire, stream) => [
    headersFrame(stream, wire.post(['content-length', '1']), flags.endHeaders),
    dataFrame(stream, 'xx', flags.endStream),
  ],
  'DATA that falls short of its length': (wire, stream) => [
    headersFrame(stream, wire.post(['content-length', '3']), flags.endHeaders),
    dataFrame(stream, 'xx', flags.endStream),
  ],
  'HEADERS in the middle of a body': (wire, stream) => [
    headersFrame(stream, wire.post(), flags.endHeaders),
    headersFrame(stream, wire.post(), flags.endHeaders),
  ],
  'PRIORITY of a wrong length': (wire, stream) => [
    headersFrame(stream, wire.get('/provoked')),
    frame(frameTypes.priority, flags.none, stream, Buffer.of(0)),
  ],
  'a malformed head': (wire, stream) => [headersFrame(stream, wire.get('/provoked', ['Upper', 'x']))],
}

for (const [what, frames] of Object.entries(provocations)) {
  t.test(`H02 resets that a client provokes with ${what} end its connection`, async (t) => {
    const wire = await startHttp2Wire(t)
    const flood = repeated(3_000, (index) => Buffer.concat(frames(wire, streamOf(index))))
    // The first hundred were requests until something was wrong with them.
    await endsItself(t, wire, flood, { requests: invalidMax, work: invalidMax + 10 })
  })
}

const continuation = (block: Buffer) => frame(frameTypes.continuation, flags.none, 1, block)
const floods: Readonly<Record<string, (wire: Http2Wire) => Buffer>> = {
  'H03 CONTINUATION without end': (wire) =>
    Buffer.concat([
      headersFrame(1, wire.get('/flood'), flags.endStream),
      repeated(20_000, () => continuation(headerBlock([['x', 'y'.repeat(100)]]))),
    ]),
  'H03 CONTINUATION of nothing': (wire) =>
    Buffer.concat([
      headersFrame(1, wire.get('/flood'), flags.endStream),
      repeated(20_000, () => continuation(Buffer.alloc(0))),
    ]),
  'H03 CONTINUATION of a byte each': (wire) => {
    const block = wire.get('/flood')
    return Buffer.concat([
      headersFrame(1, block.subarray(0, 1), flags.endStream),
      ...Array.from(block.subarray(1), (byte) => continuation(Buffer.of(byte))),
    ])
  },
  'H05 PING': () => repeated(100_000, () => pingFrame()),
  'H06 SETTINGS': () => repeated(20_000, () => settingsFrame([])),
  'H06 SETTINGS of a hundred lines': () =>
    repeated(2_000, () => settingsFrame(Array.from({ length: 100 }, () => [4, 65_535]))),
  'H07 PRIORITY': () =>
    repeated(20_000, (index) =>
      frame(frameTypes.priority, flags.none, streamOf(index), Buffer.concat([uint32(0), Buffer.of(0)])),
    ),
  'H07 frames that nobody knows': () => repeated(20_000, () => frame(77, flags.none, 0, Buffer.of(0))),
  'H08 DATA of nothing': (wire) =>
    Buffer.concat([headersFrame(1, wire.post(), flags.endHeaders), repeated(20_000, () => dataFrame(1, ''))]),
}

for (const [title, flood] of Object.entries(floods)) {
  t.test(`${title}: a flood ends its connection, and reaches nobody`, async (t) => {
    const wire = await startHttp2Wire(t)
    await endsItself(t, wire, flood(wire), { requests: 1, work: 2 })
    t.equal(
      wire.upstream.requests.filter(
        ({ state, target }) => state === 'complete' && target !== '/somebody-else',
      ).length,
      0,
    )
  })
}

t.test(
  'H05 answers that nobody reads are not kept: a flood of PING without reading ends its connection',
  async (t) => {
    const wire = await startHttp2Wire(t)
    const connection = await wire.open()
    connection.pause()
    const pings = repeated(20_000, () => pingFrame())
    for (let turn = 0; turn < 50 && !connection.isOver; turn++) connection.send(pings)
    await wire.serves(t)
    connection.resume()
    await connection.over()
    await wire.serves(t)
  },
)

t.test('H08 a body in frames of a byte each goes up whole', async (t) => {
  const wire = await startHttp2Wire(t)
  const bytes = 20_000
  const { status } = await wire.ask(
    headersFrame(1, wire.post(['content-length', String(bytes)]), flags.endHeaders),
    repeated(bytes, (index) => dataFrame(1, 'x', index === bytes - 1 ? flags.endStream : flags.none)),
  )
  t.equal(status, 200)
  t.equal(wire.upstream.requests[0]?.body.toString(), 'x'.repeat(bytes))
})
