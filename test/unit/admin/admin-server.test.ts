/**
 * The admin listener on a real socket: what an orchestrator and Prometheus see of a gateway.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { startAdmin } from '../../../src/admin/admin-server.ts'
import type { CheckState, ReadinessProbe } from '../../../src/admin/readiness.ts'
import { createLog } from '../../../src/observability/log.ts'
import { createMetrics, type Metrics } from '../../../src/observability/metrics.ts'

async function start(
  t: Test,
  readiness: ReadinessProbe,
  metrics: Pick<Metrics, 'contentType' | 'expose'> = createMetrics(),
) {
  const lines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line) => lines.push(line) } })
  const admin = await startAdmin({ address: '127.0.0.1', port: 0, readiness, metrics, keySet, log })
  t.teardown(() => admin.close())
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${admin.port}${path}`, init)
  return { admin, ask, lines }
}

const keySet = async () => '{"keys":[]}'

const saying =
  (checks: Record<string, CheckState>): ReadinessProbe =>
  async () =>
    checks

t.test('says that it lives, whatever readiness says', async (t) => {
  const { ask } = await start(t, saying({ store: 'failed' }))
  const response = await ask('/livez')
  t.equal(response.status, 200)
  t.equal(await response.text(), 'ok\n')
  t.equal(response.headers.get('cache-control'), 'no-store')
  t.equal(response.headers.get('access-control-allow-origin'), null)
})

t.test('is ready while no check failed, a degraded one included', async (t) => {
  const { ask } = await start(t, saying({ store: 'ok', redis: 'degraded' }))
  const response = await ask('/readyz')
  t.equal(response.status, 200)
  t.strictSame(await response.json(), { ready: true, checks: { store: 'ok', redis: 'degraded' } })
})

t.test('is not ready when a check failed, when there is none, and when the probe throws', async (t) => {
  const failed = await (await start(t, saying({ store: 'ok', changeFeed: 'failed' }))).ask('/readyz')
  t.equal(failed.status, 503)
  t.strictSame(await failed.json(), { ready: false, checks: { store: 'ok', changeFeed: 'failed' } })
  t.equal((await (await start(t, saying({}))).ask('/readyz')).status, 503)
  const broken = await start(t, async () => {
    throw new Error('postgres://user:s3cret@db')
  })
  const response = await broken.ask('/readyz')
  t.equal(response.status, 503)
  t.strictSame(await response.json(), { ready: false, checks: { readiness: 'failed' } })
})

t.test('is not ready when nobody can tell within a second, and tells the probe to stop', async (t) => {
  let wasAborted = false
  const { ask } = await start(t, (signal) => {
    signal.addEventListener('abort', () => {
      wasAborted = true
    })
    return new Promise(() => {})
  })
  const began = performance.now()
  t.equal((await ask('/readyz')).status, 503)
  t.ok(performance.now() - began < 1500)
  t.ok(wasAborted)
})

t.test('shows its public keys, for whoever verifies what the gateway has signed', async (t) => {
  const { ask } = await start(t, saying({ store: 'ok' }))
  const response = await ask('/.well-known/jwks.json')
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^application\/jwk-set\+json\b/)
  t.equal(response.headers.get('cache-control'), 'max-age=60')
  t.strictSame(await response.json(), { keys: [] })
})

t.test('shows the metrics in their own media type', async (t) => {
  const { ask } = await start(t, saying({ store: 'ok' }))
  const response = await ask('/metrics')
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  t.match(await response.text(), /^sallyport_exchanges_in_flight 0$/m)
})

t.test('answers HEAD like GET, without the body', async (t) => {
  const { ask } = await start(t, saying({ store: 'failed' }))
  for (const [path, status] of [
    ['/livez', 200],
    ['/readyz', 503],
    ['/metrics', 200],
    ['/other', 404],
  ] as const) {
    const response = await ask(path, { method: 'HEAD' })
    t.equal(response.status, status, path)
    t.equal(await response.text(), '')
  }
})

t.test('answers everything else with the problem «not found», bodies and odd paths included', async (t) => {
  const { ask } = await start(t, saying({ store: 'ok' }))
  const requests: readonly [string, RequestInit?][] = [
    ['/'],
    ['/livez/'],
    ['/admin/v1/tokens'],
    ['/%zz'],
    ['/metrics', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
    ['/metrics', { method: 'PUT', body: 'x'.repeat(3_000_000), headers: { 'content-type': 'a/b' } }],
    ['/livez', { method: 'DELETE' }],
    [
      '/livez',
      {
        method: 'OPTIONS',
        headers: { origin: 'http://evil.example', 'access-control-request-method': 'GET' },
      },
    ],
  ]
  for (const [path, init] of requests) {
    const response = await ask(path, init)
    t.equal(response.status, 404, `${init?.method ?? 'GET'} ${path}`)
    t.match(response.headers.get('content-type'), /^application\/problem\+json/)
    t.match(await response.json(), { type: 'about:blank', status: 404, code: 'not_found' })
    t.equal(response.headers.get('access-control-allow-origin'), null)
  }
})

t.test('tells the log and not the client what went wrong', async (t) => {
  const metrics = {
    contentType: 'text/plain',
    expose: async () => {
      throw new Error('inner matter')
    },
  }
  const { ask, lines } = await start(t, saying({ store: 'ok' }), metrics)
  const response = await ask('/metrics')
  t.equal(response.status, 500)
  const body = await response.text()
  t.match(JSON.parse(body), { status: 500, code: 'internal_error' })
  t.notMatch(body, /inner matter/)
  t.match(lines.join(''), /inner matter/)
})

t.test(
  'closes at once though a client is half-way through its request, and may be closed twice',
  async (t) => {
    const { admin } = await start(t, saying({ store: 'ok' }))
    const socket = connect(admin.port, '127.0.0.1')
    const closed = once(socket, 'close')
    socket.resume().write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHos')
    await once(socket, 'data')
    const began = performance.now()
    await admin.close()
    await admin.close()
    await closed
    t.ok(performance.now() - began < 1000)
    await t.rejects(fetch(`http://127.0.0.1:${admin.port}/livez`))
  },
)

t.test('says when its port is taken', async (t) => {
  const { admin } = await start(t, saying({ store: 'ok' }))
  const log = createLog({ level: 'silent' })
  const options = { address: '127.0.0.1', port: admin.port, readiness: saying({ store: 'ok' }) }
  await t.rejects(startAdmin({ ...options, metrics: createMetrics(), keySet, log }), { code: 'EADDRINUSE' })
})
