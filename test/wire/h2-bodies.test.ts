/**
 * Bodies over HTTP/2: an upstream gets a whole one or knows that it is not, and no stream waits for another.
 * @module
 */

import { once } from 'node:events'
import { Readable } from 'node:stream'
import t from 'tap'
import { answerOf } from '../support/http2-client.ts'
import { until } from '../support/until.ts'
import { refusalCodeOf, startSecureWire } from './secure-wire.ts'

const post = { ':method': 'POST' }

t.test('a body of unknown length goes up in chunks, one of a known length with it', async (t) => {
  const wire = await startSecureWire(t)
  t.match(await wire.ask(post, 'unknown'), { status: 200, code: 0 })
  t.match(await wire.ask({ ...post, 'content-length': '5' }, 'known'), { status: 200, code: 0 })
  const [unknown, known] = wire.upstream.requests
  t.strictSame(unknown?.header('transfer-encoding'), ['chunked'])
  t.strictSame(known?.header('content-length'), ['5'])
  t.strictSame(known?.header('transfer-encoding'), [])
  t.strictSame(
    wire.upstream.requests.map(({ body, state }) => [String(body), state]),
    [
      ['unknown', 'complete'],
      ['known', 'complete'],
    ],
  )
})

for (const [code, error] of [
  ['NO_ERROR', undefined],
  ['INTERNAL_ERROR', new Error('broken')],
  ['CANCEL', new DOMException('gone', 'AbortError')],
] as const) {
  t.test(`a body that its client takes back with ${code} is never a whole one`, async (t) => {
    const wire = await startSecureWire(t)
    const stream = wire.begin(post)
    stream.write('half')
    await until(() => wire.upstream.requests.length === 1)
    // Its `close` would end the body first.
    stream.destroy(error)
    await until(() => wire.upstream.requests[0]?.state !== 'receiving')
    t.equal(wire.upstream.requests[0]?.state, 'aborted')
    await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'aborted'))
    t.match(await wire.ask(), { status: 200 }, 'the connection goes on')
  })
}

t.test('a body whose connection breaks is never a whole one', async (t) => {
  const wire = await startSecureWire(t)
  wire.begin(post).write('half')
  await until(() => wire.upstream.requests.length === 1)
  wire.session.destroy()
  await until(() => wire.upstream.requests[0]?.state === 'aborted')
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'aborted'))
})

for (const [what, length, sent] of [
  ['shorter', '10', 'short'],
  ['longer', '2', 'too long'],
] as const) {
  t.test(`a body ${what} than announced is broken off, and no whole one goes up`, async (t) => {
    const wire = await startSecureWire(t)
    const answer = await wire.ask({ ...post, 'content-length': length }, sent)
    t.equal(answer.status, undefined)
    t.not(answer.code, 0)
    await until(() => wire.upstream.requests.every(({ state }) => state !== 'receiving'))
    t.notOk(wire.upstream.requests.some(({ state }) => state === 'complete'))
  })
}

t.test('a refusal does not wait for the body, and the connection goes on', async (t) => {
  const wire = await startSecureWire(t)
  const stream = wire.begin({ ...post, authorization: 'Bearer nobody' })
  const writing = setInterval(() => stream.writable && stream.write('x'.repeat(1000)), 5)
  const answer = await answerOf(stream)
  clearInterval(writing)
  t.match(answer, { status: 401, code: 0 })
  t.equal(refusalCodeOf(answer), 'invalid_token')
  t.match(await wire.ask(), { status: 200 })
  t.equal(wire.upstream.requests.length, 1)
})

t.test('an upstream may answer before the body is complete', async (t) => {
  const wire = await startSecureWire(t, {
    replyTo: () => ({ status: 413, body: 'enough' }),
    upstreamOptions: { replyAtHead: true },
  })
  const stream = wire.begin(post)
  stream.write('some')
  t.match(await answerOf(stream), { status: 413, body: 'enough', code: 0 })
})

t.test('an answer without a body is not lost because the body is still coming', async (t) => {
  const wire = await startSecureWire(t, {
    replyTo: () => ({ status: 204 }),
    upstreamOptions: { replyAtHead: true },
  })
  const stream = wire.begin(post)
  stream.write('some')
  t.match(await answerOf(stream), { status: 204, code: 0 })
  const head = wire.begin({ ':method': 'HEAD', authorization: 'Bearer nobody' })
  t.match(await answerOf(head), { status: 401, body: '', code: 0 })
  t.match(await wire.ask(), { status: 204 }, 'the connection goes on')
})

t.test('trailers stay behind, both ways', async (t) => {
  const wire = await startSecureWire(t)
  const stream = wire.session.request(
    { ':authority': 'service.test', ':path': '/a', ':method': 'POST', authorization: `Bearer ${wire.token}` },
    { endStream: false, waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-owner': 'me', 'x-sum': '1' }))
  let trailers = 0
  stream.on('trailers', () => trailers++)
  stream.end('body')
  t.match(await answerOf(stream), { status: 200, code: 0 })
  t.strictSame(wire.upstream.requests[0]?.trailers, [])
  t.equal(wire.upstream.requests[0]?.state, 'complete')

  wire.upstream.reply(() => ({
    raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
  }))
  const down = await wire.ask()
  t.match(down, { status: 200, body: 'ok', code: 0 })
  t.notOk('trailer' in down.headers)
  t.equal(trailers, 0)
})

t.test('an upload waits for its upstream, and nothing else waits for the upload', async (t) => {
  const release = Promise.withResolvers<void>()
  const wire = await startSecureWire(t, {
    upstreamOptions: { replyAtHead: true },
    replyTo: async ({ target }) => {
      if (target === '/slow') await release.promise
      return { body: 'ok' }
    },
  })
  const stream = wire.begin({ ...post, ':path': '/slow' })
  const total = 64 * 1024 * 1024
  let sent = 0
  const chunk = Buffer.alloc(65_536)
  Readable.from(
    (function* () {
      for (; sent < total; sent += chunk.length) yield chunk
    })(),
  ).pipe(stream)
  for (let turn = 0; turn < 5; turn++)
    t.match(await wire.ask({ ':path': '/fast' }), { status: 200, body: 'ok' })
  release.resolve()
  t.match(await answerOf(stream), { status: 200 })
})

t.test('a client that does not read one answer holds up that one alone', async (t) => {
  let produced = 0
  const endless = () =>
    Readable.from(
      (function* () {
        for (; produced < 256 * 1024 * 1024; produced += 65_536) yield Buffer.alloc(65_536)
      })(),
    )
  const wire = await startSecureWire(t, {
    replyTo: ({ target }) => ({ body: target === '/large' ? endless() : 'ok' }),
  })
  const slow = wire.begin({ ':path': '/large', ':method': 'GET' })
  slow.end()
  await once(slow, 'response')
  let before = -1
  await until(async () => {
    const isStill = produced === before
    before = produced
    await new Promise((resolve) => setTimeout(resolve, 200))
    return isStill
  })
  t.ok(produced < 32 * 1024 * 1024, `the upstream was held back after ${produced} bytes`)
  t.match(await wire.ask({ ':path': '/small' }), { status: 200, body: 'ok' })
  const held = produced
  slow.resume()
  await until(() => produced > held)
  slow.close(8)
  await until(() => wire.gateway.log.some(({ path, outcome }) => path === '/large' && outcome === 'aborted'))
})
