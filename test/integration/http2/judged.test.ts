/**
 * Targets over HTTP/2 are probed and left out like all others, a withdrawn token breaks its stream off, and nothing is upgraded.
 * @module
 */

import { once } from 'node:events'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { until } from '../../support/until.ts'
import { answerOk, startHttp2Gateway, startHttp2Upstream } from './stage.ts'

t.test(
  'a target is probed over HTTP/2, left out when it is ill, and used again when it is well',
  async (t) => {
    let isWell = false
    const ill = await startHttp2Upstream(t, (stream, { ':path': path }) => {
      if (path !== '/healthz' || isWell) return answerOk(stream)
      stream.respond({ ':status': 503 }, { endStream: true })
    })
    const well = await startHttp2Upstream(t)
    const health = { path: '/healthz', interval: '20ms', unhealthyAfter: 1, healthyAfter: 1 }
    const gateway = await startHttp2Gateway(t, [ill.url, well.url], { health })
    const isUp = async () =>
      (await gateway.metric(`sallyport_upstream_target_up{upstream="legacy",target="${ill.url}"}`)) === 1
    await until(async () => !(await isUp()))
    for (let index = 0; index < 10; index++) {
      t.equal((await gateway.request({ path: '/a' })).status, 200)
    }
    t.notOk(ill.seen.includes('GET /a'))
    isWell = true
    await until(isUp)
    for (let index = 0; index < 10; index++) await gateway.request({ path: '/a' })
    t.ok(ill.seen.includes('GET /a'))
  },
)

t.test(
  'a target that resets its streams is left out, and an idempotent request is sent once more',
  async (t) => {
    const failing = await startHttp2Upstream(t, (stream) => stream.close(2))
    const well = await startHttp2Upstream(t)
    const gateway = await startHttp2Gateway(t, [failing.url, well.url], {
      ejection: { failures: 2, outFor: '1m' },
      retry: { idempotent: true },
    })
    for (let index = 0; index < 20; index++) {
      t.equal((await gateway.request({ path: '/a' })).status, 200)
    }
    t.equal(failing.seen.length, 2)
  },
)

t.test('the stream of a token that is withdrawn is broken off, and its connection goes on', async (t) => {
  const resets: number[] = []
  const upstream = await startHttp2Upstream(t, (stream, { ':path': path }) => {
    if (path !== '/events') return answerOk(stream)
    stream.respond({ ':status': 200 })
    stream.write('first')
    stream.on('close', () => resets.push(stream.rstCode ?? -1))
  })
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    upstreams: { legacy: { url: upstream.url, protocol: 'http2' } },
    routes: [{ match: { path: '/{path*}' } }],
  })
  const { text, token } = await gateway.issue()
  const authorization = `Authorization: Bearer ${text}`
  const events = gateway.raw(`GET /events HTTP/1.1\r\nHost: x\r\n${authorization}\r\n\r\n`).catch(() => {})
  await until(() => upstream.seen.length === 1)
  const act = { at: Date.now(), by: 'test', origin: 'test', cause: 'leaked' } as const
  await gateway.store.revokeToken(token.id, act)
  await until(() => resets.length === 1)
  t.strictSame(resets, [8])
  await events
  t.equal(upstream.sessions.length, 1)
  t.equal(upstream.sessions[0]?.destroyed, false)
})

t.test('HTTP/2 goes over a Unix socket', async (t) => {
  const path = join(tmpdir(), `sallyport-h2-${process.pid}.sock`)
  const authorities: unknown[] = []
  const server = createServer()
  server.on('session', (session) => t.teardown(() => session.destroy()))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    authorities.push(headers[':authority'])
    answerOk(stream)
  })
  await once(server.listen(path), 'listening')
  t.teardown(() => void server.close())
  const gateway = await startHttp2Gateway(t, [`unix:${path}`], { host: 'app.example' })
  t.equal((await gateway.request({ path: '/a' })).status, 200)
  t.equal(authorities.length, 1)
  t.notOk(String(authorities[0]).includes(path), 'the path is nobody\u2019s name')
})
