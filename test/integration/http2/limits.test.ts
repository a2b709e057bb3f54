/**
 * How many requests go on how many connections, and what waits.
 * @module
 */

import type { ServerHttp2Stream } from 'node:http2'
import t from 'tap'
import { freePort } from '../../support/free-port.ts'
import { request } from '../../support/raw-request.ts'
import { until } from '../../support/until.ts'
import { frame, headers, startFrameUpstream } from './frames.ts'
import { answerOk, endOf, startClient, startHttp2Gateway, startHttp2Upstream } from './stage.ts'

t.test('a thousand requests at once go on few connections', async (t) => {
  const held: ServerHttp2Stream[] = []
  let isFull = false
  const upstream = await startHttp2Upstream(t, (stream) => {
    if (isFull) return answerOk(stream)
    held.push(stream)
    isFull = held.length === 400
    if (isFull) for (const each of held) answerOk(each)
  })
  const gateway = await startHttp2Gateway(t, [upstream.url], { connections: 4, streams: 100 })
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) =>
      request(gateway.port, { path: `/${index}` }, { timeoutMs: 60_000 }),
    ),
  )
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(new Set(upstream.seen).size, 1_000)
  t.equal(upstream.sessions.length, 4)
})

t.test('no more go on a connection than its upstream allows, also when it allows fewer later', async (t) => {
  const limit = (streams: number) => {
    const settings = Buffer.alloc(6)
    settings.writeUInt16BE(3)
    settings.writeUInt32BE(streams, 2)
    return settings
  }
  const upstream = await startFrameUpstream(t, () => {}, limit(2))
  const { send } = startClient(t, upstream.port)
  const outcomes = Array.from({ length: 6 }, () => send())
  await until(() => upstream.streams.length === 2)
  const [socket] = upstream.sockets
  socket?.write(frame('settings', 0, 0, limit(1)))
  socket?.write(headers(1, [[':status', '200']], true))
  await until(() => endOf(outcomes[0] as never))
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.strictSame(upstream.streams, [1, 3])
  socket?.write(headers(3, [[':status', '200']], true))
  await until(() => upstream.streams.length === 3)
  socket?.write(frame('settings', 0, 0, limit(100)))
  await until(() => upstream.streams.length === 6)
  t.equal(upstream.sockets.length, 1)
})

t.test('what neither goes nor may wait is refused at once', async (t) => {
  const upstream = await startHttp2Upstream(t, () => {})
  const { send } = startClient(t, upstream.port, { streams: 2, queue: 3 })
  const outcomes = Array.from({ length: 6 }, () => send())
  t.strictSame(outcomes.map(endOf), [...Array(5).fill(undefined), 'HTTP2_BUSY'])
  await until(() => upstream.seen.length === 2)
  t.strictSame(outcomes.slice(0, 5).map(endOf), Array(5).fill(undefined))
  outcomes[2]?.call.abort()
  outcomes[0]?.call.abort()
  await until(() => upstream.seen.length === 3)
})

t.test('to clients that is 503, and says when to come again', async (t) => {
  const upstream = await startHttp2Upstream(t, () => {})
  const gateway = await startHttp2Gateway(t, [upstream.url], { connections: 1, streams: 1, queue: 1 })
  const held = [gateway.request({ path: '/1' }), gateway.request({ path: '/2' })]
  for (const request of held) request.catch(() => {})
  await until(() => upstream.seen.length === 1)
  await until(async () => (await gateway.request({ path: '/3' })).status === 503)
  const answer = await gateway.request({ path: '/3' })
  t.match(answer.body.toString(), /upstream_busy/)
  t.strictSame(answer.header('retry-after'), ['1'])
  for (const session of upstream.sessions) session.destroy()
})

t.test('an idle connection is closed in time', async (t) => {
  const upstream = await startHttp2Upstream(t)
  const { send } = startClient(t, upstream.port, { timeouts: { keepAlive: 100 } })
  const outcome = send()
  await until(() => endOf(outcome))
  await until(() => upstream.sessions[0]?.closed)
  const next = send()
  await until(() => endOf(next))
  t.equal(upstream.sessions.length, 2)
})

t.test(
  'when nothing can be reached, everything that waits fails, and the next request tries again',
  async (t) => {
    const port = await freePort()
    const { send } = startClient(t, port, { connections: 2, streams: 2 })
    const outcomes = Array.from({ length: 20 }, () => send())
    await until(() => outcomes.every(endOf))
    t.strictSame(new Set(outcomes.map(endOf)), new Set(['ECONNREFUSED']))
    t.strictSame(new Set(outcomes.map(({ call }) => call.progress)), new Set(['unsent']))
  },
)

t.test('closing fails what is under way and what waits, and takes nothing more', async (t) => {
  const upstream = await startHttp2Upstream(t, () => {})
  const { client, send } = startClient(t, upstream.port, { streams: 1 })
  const outcomes = [send(), send()]
  await until(() => upstream.seen.length === 1)
  await client.close()
  outcomes.push(send())
  await until(() => outcomes.every(endOf))
  t.strictSame(outcomes.map(endOf), ['HTTP2_CLOSED', 'HTTP2_CLOSED', 'HTTP2_CLOSED'])
  await client.close()
})
