/**
 * An upstream that is restarted loses no request, and none is executed twice.
 * @module
 */

import { constants } from 'node:http2'
import { Readable } from 'node:stream'
import t from 'tap'
import { until } from '../../support/until.ts'
import { goaway, headers, startFrameUpstream } from './frames.ts'
import { answerOk, endOf, startClient, startHttp2Gateway, startHttp2Upstream } from './stage.ts'

const { NGHTTP2_REFUSED_STREAM } = constants

t.test('a connection that says goodbye under load loses no request, and none comes twice', async (t) => {
  const upstream = await startHttp2Upstream(t, (stream, _headers, number) => {
    setTimeout(() => !stream.destroyed && answerOk(stream), 5)
    if (number % 40 === 0) stream.session?.close()
  })
  const gateway = await startHttp2Gateway(t, [upstream.url], { connections: 2 })
  let next = 0
  const statuses: number[] = []
  const worker = async () => {
    while (next < 1_000) statuses.push((await gateway.request({ path: `/${next++}` })).status)
  }
  await Promise.all(Array.from({ length: 30 }, worker))
  t.strictSame(new Set(statuses), new Set([200]))
  t.equal(upstream.seen.length, 1_000)
  t.equal(new Set(upstream.seen).size, 1_000)
  t.ok(upstream.sessions.length > 10, `${upstream.sessions.length} connections`)
})

t.test('streams behind the last one of a goodbye go out again, those before it go on', async (t) => {
  const upstream = await startFrameUpstream(t, (stream, socket) => {
    if (upstream.sockets.length > 1) socket.write(headers(stream, [[':status', '201']], true))
    else if (upstream.streams.length === 3) {
      socket.write(goaway(1))
      setTimeout(() => socket.write(headers(1, [[':status', '200']], true)), 50)
    }
  })
  const { send } = startClient(t, upstream.port)
  const outcomes = [send(), send(), send()]
  await until(() => outcomes.every(endOf))
  t.strictSame(outcomes.map(endOf), ['end', 'HTTP2_REFUSED', 'HTTP2_REFUSED'])
  t.strictSame(
    outcomes.map(({ call }) => call.progress),
    ['answered', 'unsent', 'unsent'],
  )
  const later = send()
  await until(() => endOf(later))
  t.equal(later.head?.status, 201, 'on a new connection')
})

t.test('new requests go on a new connection while an old one finishes', async (t) => {
  const upstream = await startHttp2Upstream(t, (stream, { ':path': path }) => {
    if (path !== '/slow') return answerOk(stream)
    stream.respond({ ':status': 200 })
    stream.write('a')
    stream.session?.close()
    setTimeout(() => stream.end('b'), 300)
  })
  const { send } = startClient(t, upstream.port)
  const slow = send({ target: '/slow' })
  await until(() => slow.body.length === 1)
  const others = [send(), send()]
  await until(() => others.every(endOf))
  t.strictSame(others.map(endOf), ['end', 'end'])
  t.equal(endOf(slow), undefined)
  t.equal(upstream.sessions.length, 2)
  await until(() => endOf(slow))
  t.equal(slow.body.toString(), 'ab')
})

t.test('a refused stream goes to another target, once, and nothing is executed twice', async (t) => {
  const executed: string[] = []
  const refusing = await startHttp2Upstream(t, (stream) => stream.close(NGHTTP2_REFUSED_STREAM))
  const taking = await startHttp2Upstream(t, (stream, { ':path': path }) => {
    executed.push(String(path))
    answerOk(stream)
  })
  const gateway = await startHttp2Gateway(t, [refusing.url, taking.url])
  for (let index = 0; index < 20; index++) {
    const method = index % 2 === 0 ? 'GET' : 'DELETE'
    t.equal((await gateway.request({ method, path: `/${index}` })).status, 200)
  }
  t.equal(executed.length, 20)
  t.equal(new Set(executed).size, 20)
  t.ok(refusing.seen.length >= 5, `${refusing.seen.length} were refused`)
  t.equal(
    await gateway.metric(`sallyport_upstream_target_up{upstream="legacy",target="${refusing.url}"}`),
    1,
    'which is no fault',
  )
})

t.test('where all targets refuse, a request is sent twice and not more often', async (t) => {
  const refuse = (stream: { close(code: number): void }) => stream.close(NGHTTP2_REFUSED_STREAM)
  const targets = await Promise.all([1, 2, 3].map(() => startHttp2Upstream(t, refuse)))
  const gateway = await startHttp2Gateway(
    t,
    targets.map(({ url }) => url),
  )
  t.equal((await gateway.request({ path: '/a' })).status, 502)
  t.equal(targets.flatMap(({ seen }) => seen).length, 2)
  const [one] = targets
  const single = await startHttp2Gateway(t, [one?.url ?? ''])
  const before = one?.seen.length ?? 0
  t.equal((await single.request({ path: '/b' })).status, 502)
  t.equal((one?.seen.length ?? 0) - before, 2)
})

t.test('a refused request can be sent again with its body, unless that has begun', async (t) => {
  const upstream = await startHttp2Upstream(t, (stream) => {
    stream.once('data', () => stream.close(NGHTTP2_REFUSED_STREAM))
  })
  const { send } = startClient(t, upstream.port)
  const body = new Readable({ read() {} })
  body.push('a')
  const begun = send({ method: 'PUT', body })
  await until(() => endOf(begun))
  t.equal(endOf(begun), 'HTTP2_REFUSED')
  t.equal(begun.call.progress, 'sent')
  upstream.onStream = (stream) => stream.close(NGHTTP2_REFUSED_STREAM)
  const kept = new Readable({ read() {} })
  const unbegun = send({ method: 'PUT', body: kept })
  await until(() => endOf(unbegun))
  t.equal(unbegun.call.progress, 'unsent')
  kept.push('the body')
  kept.push(null)
  let received = ''
  upstream.onStream = (stream) => {
    stream.on('data', (bytes) => {
      received += bytes
    })
    stream.on('end', () => answerOk(stream))
  }
  const again = send({ method: 'PUT', body: kept })
  await until(() => endOf(again))
  t.equal(received, 'the body')
})

t.test('a connection that dies fails its streams alone', async (t) => {
  const upstream = await startHttp2Upstream(t, (stream, { ':path': path }) => {
    stream.respond({ ':status': 200 })
    stream.write('half')
    if (path === '/last') setTimeout(() => upstream.sessions[0]?.socket.destroy(), 20)
  })
  const { send } = startClient(t, upstream.port, { connections: 2, streams: 2 })
  const first = [send(), send()]
  await until(() => first.every(({ body }) => body.length > 0))
  const second = [send(), send({ target: '/last' })]
  await until(() => first.every(endOf))
  t.strictSame(
    first.map(({ call }) => call.progress),
    ['answered', 'answered'],
  )
  t.not(endOf(first[0] as never), 'end')
  t.strictSame(second.map(endOf), [undefined, undefined])
})

t.test('a connection on which nothing comes any more is found out, and its requests fail', async (t) => {
  const upstream = await startFrameUpstream(t, (_stream, socket) => socket.pause())
  const { send } = startClient(t, upstream.port, {
    pingAfterMs: 100,
    timeouts: { connect: 300, headers: 20_000 },
  })
  const outcome = send()
  const tookMs = await until(() => endOf(outcome))
  t.equal(endOf(outcome), 'HTTP2_ENDED')
  t.ok(tookMs < 15_000)
  const alive = await startHttp2Upstream(t, (stream) => setTimeout(() => answerOk(stream), 1_500))
  const slow = startClient(t, alive.port, { pingAfterMs: 100, timeouts: { connect: 300 } }).send()
  await until(() => endOf(slow))
  t.equal(endOf(slow), 'end', 'one that says that it is there may take its time')
})
