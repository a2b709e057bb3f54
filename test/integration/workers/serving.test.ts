/**
 * Several workers are one gateway: on one port, with one admin listener, one word on a revocation and one count of use.
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { type InstallationPlan, newInstallation } from '../../support/installation.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { startRedis } from '../../support/redis.ts'
import { runProcess } from '../../support/run-process.ts'
import { answeredBy, metricsOf, openRoutes, readinessOf, startScene, workersOf } from './scene.ts'

t.test('connections go to the workers in turn, and metrics are those of all', async (t) => {
  const { gateway, upstream } = await startScene(t, { routes: openRoutes })
  t.equal(workersOf(gateway).length, 2)
  t.strictSame((await readinessOf(gateway)).checks, {
    ...{ workers: 'ok', dataPlane: 'ok', tokens: 'ok', configuration: 'ok' },
  })
  for (let count = 0; count < 40; count++) t.equal((await gateway.request({ path: '/each' })).status, 200)
  t.equal(upstream.requests.length, 40)
  const { 1: one = 0, 2: two = 0 } = await answeredBy(gateway, '/each', 40)
  t.equal(one + two, 40)
  t.ok(one >= 15 && two >= 15, `${one} and ${two}`)

  const metrics = await metricsOf(gateway)
  t.equal(metrics.get('sallyport_exchanges_total{route="open",outcome="forwarded"}'), 40)
  const series = 'http_server_request_duration_seconds_count{route="open",method="GET",status_class="2xx"}'
  t.equal(metrics.get(series), 40)
  t.equal(metrics.get('sallyport_workers'), 2)
  t.equal(metrics.get('sallyport_workers_restarted_total'), 0)
  for (const worker of ['primary', '1', '2']) {
    t.ok(metrics.get(`process_resident_memory_bytes{worker="${worker}"}`), `memory of ${worker}`)
  }
})

t.test('one worker is no worker: there is one process, and its log and metrics name none', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await newInstallation(t, { upstream: upstream.url, routes: openRoutes }).serve()
  t.equal((await gateway.request({ path: '/alone' })).status, 200)
  t.equal(workersOf(gateway).length, 0)
  t.same(await answeredBy(gateway, '/alone', 1), { undefined: 1 })
  const names = [...(await metricsOf(gateway)).keys()]
  t.notOk(names.some((name) => name.includes('worker')))
})

for (const tier of ['without Redis', 'with Redis']) {
  t.test(`${tier} a revoked token is refused by every worker once the command has returned`, async (t) => {
    const redis = tier === 'with Redis' ? await startRedis() : undefined
    if (redis !== undefined) t.teardown(() => redis.stop())
    const { gateway, installation, upstream } = await startScene(t, {
      cache: redis === undefined ? {} : { redis: { url: redis.url } },
    })
    for (let trial = 0; trial < 5; trial++) {
      const { text, token } = await installation.issue()
      const ask = async (path: string) =>
        (await gateway.request({ path, headers: [['Authorization', `Bearer ${text}`]] })).status
      for (let count = 0; count < 8; count++) t.equal(await ask(`/before-${trial}`), 200)
      const { code } = await installation.run('token', 'revoke', token.id)
      t.equal(code, 0)
      const sent = upstream.requests.length
      for (let count = 0; count < 8; count++) t.equal(await ask(`/after-${trial}`), 401)
      t.equal(upstream.requests.length, sent)
      for (const path of [`/before-${trial}`, `/after-${trial}`]) {
        t.same(Object.keys(await answeredBy(gateway, path, 8)).sort(), ['1', '2'], `both answered ${path}`)
      }
    }
  })
}

t.test('without Redis an exact limit admits no more than one worker would', async (t) => {
  const limits = { few: { by: 'address', requests: 10, per: '24h', exact: true } } as const
  const { gateway, upstream } = await startScene(t, {
    limits,
    routes: openRoutes.map((route) => ({ ...route, limits: ['few'] })),
  })
  const asked = Array.from({ length: 40 }, () => gateway.request({ path: '/few' }))
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 200).length, 10)
  t.equal(statuses.filter((status) => status === 429).length, 30)
  t.equal(upstream.requests.length, 10)
  t.equal(Object.keys(await answeredBy(gateway, '/few', 40)).length, 2)
})

t.test('without Redis workers tell each other of what they counted, bad credentials included', async (t) => {
  const { gateway } = await startScene(t, { authentication: { failures: { attempts: 6, trickle: '24h' } } })
  const ask = async (count: number) =>
    (await gateway.request({ path: '/bad', headers: [['Authorization', `Bearer nonsense-${count}`]] })).status
  const statuses: number[] = []
  for (let count = 0; count < 30; count++) {
    statuses.push(await ask(count))
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  const tried = statuses.filter((status) => status === 401).length
  // Six, and what came within one round; by themselves two workers would have tried twelve.
  t.ok(tried >= 6 && tried <= 10, `${tried} were tried`)
  t.same([...new Set(statuses.slice(-15))], [429])
  t.equal(Object.keys(await answeredBy(gateway, '/bad', 30)).length, 2)
})

t.test('a port in use is told as by a single process, and nobody stays', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  const upstream = await recordingUpstream(t)
  const proxies = [{ name: 'edge', secrets: ['a-secret-that-only-this-proxy-knows-0123'] }]
  const taken: Readonly<Record<string, Partial<InstallationPlan>>> = {
    'listen.port': { listen: { workers: 2, port } },
    'admin.port': { admin: { port } },
    'decision.port': { decision: { port, proxies } },
    'decision.grpc.port': { decision: { port: 0, grpc: { port }, proxies } },
  }
  for (const [setting, plan] of Object.entries(taken)) {
    const installation = newInstallation(t, { upstream: upstream.url, listen: { workers: 2 }, ...plan })
    const running = await runProcess(process.execPath, {
      args: [join(import.meta.dirname, '../../../src/main.ts'), 'serve', '--config', installation.config],
    })
    t.equal(await running.ended, 1)
    const [last] = running.output().trimEnd().split('\n').slice(-1)
    t.equal(last, `sallyport: port ${port} is in use; set ${setting} to a free one`)
  }
})
