/**
 * Event streams and long polls: each event leaves as it comes, and a route says itself how long it may take and be
 * silent. Which deadline it was stands in the log.
 * @module
 */

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import { type ReplyTo, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { echoUpstream, nextMessage, openSocket, tcpUpstream, websocketRoutes } from '../upgrades/scene.ts'
import { events, openStream } from './open-streams.ts'

const short = { headers: '300ms', bodyIdle: '300ms' } as const
const long = { headers: '20s', bodyIdle: '20s' } as const
const authorize = { public: true } as const
const routes: GatewayInput['routes'] = [
  { match: { path: '/default/{path*}' }, authorize },
  { match: { path: '/patient/{path*}' }, authorize, timeouts: long },
  { match: { path: '/bounded/{path*}' }, authorize, timeouts: { ...long, total: '600ms' } },
]

/** Paths that end with `/late` are answered after a second, with `/silent` their body pauses for one, all others stream. */
const usualReply: ReplyTo = async ({ target }) => {
  if (target.endsWith('/late')) {
    await sleep(1_000)
    return { body: 'late' }
  }
  if (!target.endsWith('/silent')) return { body: events() }
  const body = new PassThrough()
  body.write('one;')
  setTimeout(() => body.end('two'), 1_000)
  return { body }
}
const upstream = await recordingUpstream(t, usualReply)
const gateway = await startTestGateway(t, {
  upstream: upstream.url,
  upstreams: { legacy: { url: upstream.url, timeouts: short } },
  routes,
  listen: { timeouts: { drain: '0s' } },
})

const lineOf = async (path: string) => {
  await until(() => gateway.log.some((line) => line.path === path))
  return gateway.log.find((line) => line.path === path)
}

t.test('each event leaves when it comes, the one that came with the head too', async (t) => {
  const body = new PassThrough()
  upstream.reply(() => ({ headers: [['Content-Type', 'text/event-stream']], body }))
  body.write('data: 0\n\n')
  const { port } = await startTestGateway(t, {
    upstream: upstream.url,
    routes,
    listen: { timeouts: { drain: '0s' } },
  })
  const stream = openStream(t, port, '/default/events')
  for (let number = 0; number < 20; number++) {
    // The next one is sent only when this one has arrived.
    await until(() => stream.head().includes(`data: ${number}\n\n`))
    body.write(`data: ${number + 1}\n\n`)
  }
  body.end()
  await until(() => stream.head().endsWith('\r\n0\r\n\r\n'))
  upstream.reply(usualReply)
})

t.test('the head of a stream without any event arrives at once', async (t) => {
  const mute = await tcpUpstream(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
  )
  const { port } = await startTestGateway(t, {
    upstream: mute.url,
    routes,
    listen: { timeouts: { drain: '0s' } },
  })
  const stream = openStream(t, port, '/patient/empty')
  await until(() => /^HTTP\/1\.1 200 .*\r\n\r\n/s.test(stream.head()))
  t.equal(stream.isOpen(), true)
})

t.test('a long poll is answered on a route that waits for it, and 504 on another', async (t) => {
  const patient = await gateway.request({ path: '/patient/late' })
  t.same([patient.status, patient.body.toString()], [200, 'late'])
  t.equal((await gateway.request({ path: '/default/late' })).status, 504)
  t.match(await lineOf('/default/late'), { outcome: 'upstream_timeout', reason: 'HTTP1_HEAD_TIMEOUT' })
})

t.test('a stream may be silent for as long as its route says', async (t) => {
  const patient = await gateway.request({ path: '/patient/silent' })
  t.equal(patient.body.toString(), 'one;two')
  const stream = openStream(t, gateway.port, '/default/silent')
  await stream.ended
  t.match(stream.head(), 'one;')
  t.notMatch(stream.head(), 'two')
  t.match(await lineOf('/default/silent'), { outcome: 'aborted', status: 200, reason: 'HTTP1_BODY_TIMEOUT' })
})

t.test('a total deadline is 504 before the answer, and ends one that goes on and on', async (t) => {
  t.equal((await gateway.request({ path: '/bounded/late' })).status, 504)
  t.match(await lineOf('/bounded/late'), { outcome: 'upstream_timeout', reason: 'HTTP1_TOTAL_TIMEOUT' })
  const stream = openStream(t, gateway.port, '/bounded/events')
  await stream.ended
  t.match(stream.head(), 'data: tick')
  t.notMatch(stream.head(), /\r\n0\r\n\r\n$/, 'it does not pass for a whole one')
  t.match(await lineOf('/bounded/events'), { outcome: 'aborted', status: 200, reason: 'HTTP1_TOTAL_TIMEOUT' })
})

t.test('a request that waits for a connection waits no longer than its own route says', async (t) => {
  const { port, log } = await startTestGateway(t, {
    upstream: upstream.url,
    upstreams: { legacy: { url: upstream.url, connections: 1, timeouts: short } },
    routes,
    listen: { timeouts: { drain: '0s' } },
  })
  const busy = openStream(t, port, '/patient/events')
  await until(() => busy.receivedBytes() > 0)
  const patient = openStream(t, port, '/patient/late')
  const hasty = openStream(t, port, '/default/late')
  await until(() => hasty.head().startsWith('HTTP/1.1 504 '))
  t.match(log.at(-1), { path: '/default/late', reason: 'HTTP1_HEAD_TIMEOUT' })
  t.equal(patient.head(), '', 'the one before it goes on waiting')
  busy.socket.destroy()
  await until(() => patient.head().includes('late'))
})

t.test('a tunnel is under no deadline of requests', async (t) => {
  const echo = await echoUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: echo.url,
    upstreams: { legacy: { url: echo.url, timeouts: short } },
    routes: websocketRoutes.map((route) => ({ ...route, timeouts: { headers: '400ms', total: '500ms' } })),
    listen: { timeouts: { idle: '500ms', drain: '0s' } },
  })
  const socket = await openSocket(t, gateway, (await gateway.issue()).text)
  await sleep(1_500)
  socket.send('still here')
  t.equal(String(await nextMessage(socket)), 'still here')
  socket.close()
  await once(socket, 'close')
})
