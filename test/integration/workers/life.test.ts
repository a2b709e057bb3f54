/**
 * What becomes of workers: they are replaced, reloaded and drained together, and never outlive the primary.
 * @module
 */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { Installation } from '../../support/installation.ts'
import { until } from '../../support/until.ts'
import {
  countsOf,
  isAlive,
  linesOf,
  metricsOf,
  openRoutes,
  readinessOf,
  startLoad,
  startScene,
  untilReady,
  workersOf,
} from './scene.ts'

function write({ config }: Installation, text: string): void {
  writeFileSync(`${config}.new`, text)
  renameSync(`${config}.new`, config)
}

t.test('a worker that is killed under load takes its own requests with it, and is replaced', async (t) => {
  const { gateway } = await startScene(t, { routes: openRoutes })
  const [victim = 0, survivor] = workersOf(gateway)
  const load = startLoad(gateway)
  await until(() => load.statuses.length > 200)
  process.kill(victim, 'SIGKILL')
  // While its line is among the last.
  const ended = { pid: victim, how: 'SIGKILL', message: 'a worker has ended, and is replaced' }
  await until(() => linesOf(gateway).some(({ pid }) => pid === victim))
  t.match(
    linesOf(gateway).find(({ pid }) => pid === victim),
    ended,
  )
  await until(async () => (await metricsOf(gateway)).get('sallyport_workers_restarted_total') === 1)
  await untilReady(gateway)
  const answered = load.statuses.length
  await until(() => load.statuses.length > answered + 200)
  await load.stop()
  t.same([...new Set(load.statuses)], [200])
  // As many as there are clients could have waited for it at once.
  t.ok(load.errors.length <= 9, `${load.errors.length} failed: ${load.errors[0]}`)
  t.notOk(isAlive(victim))
  t.equal(workersOf(gateway).length, 2)
  t.ok(workersOf(gateway).includes(survivor ?? 0), 'the other one serves on')
})

t.test(
  'counters never go back when a worker is killed, and the sums go on from where they were',
  async (t) => {
    const { gateway } = await startScene(t, { routes: openRoutes })
    const ask = async () => {
      for (let count = 0; count < 20; count++) await gateway.request({ path: '/x' })
    }
    await ask()
    let before = await countsOf(gateway)
    const forwarded = 'sallyport_exchanges_total{route="open",outcome="forwarded"}'
    t.equal(before.get(forwarded), 20)
    process.kill(workersOf(gateway)[0] ?? 0, 'SIGKILL')
    const checkNothingWentBack = async () => {
      const after = await countsOf(gateway)
      const wentBack = [...before].filter(([name, value]) => (after.get(name) ?? -1) < value)
      t.same(wentBack, [])
      before = after
    }
    for (let look = 0; look < 10; look++) {
      await checkNothingWentBack()
      await sleep(100)
    }
    await until(async () => (await readinessOf(gateway)).status === 200, 30_000)
    await ask()
    await checkNothingWentBack()
    t.equal(before.get(forwarded), 40)
    t.equal(before.get('sallyport_workers_restarted_total'), 1)
    t.equal((await metricsOf(gateway)).get('sallyport_workers'), 2)
  },
)

t.test(
  'SIGHUP reloads every worker; a broken file changes nothing in any, nor in one that comes later',
  async (t) => {
    const { gateway, installation } = await startScene(t, { routes: openRoutes })
    const first = JSON.parse(readFileSync(installation.config, 'utf8'))
    const renamed = { ...first, routes: [{ ...first.routes[0], match: { path: '/new' } }] }
    const statuses = async (path: string) => {
      const answers: number[] = []
      for (let count = 0; count < 8; count++) answers.push((await gateway.request({ path })).status)
      return [...new Set(answers)]
    }
    const told = (message: string) => linesOf(gateway).filter((line) => line.message === message)
    t.same(await statuses('/old'), [200])
    process.kill(gateway.pid, 'SIGHUP')
    // Only whoever is told looks at a file that has not changed.
    const asBefore = 'the configuration is the one in force'
    await until(() => new Set(told(asBefore).map(({ worker }) => worker)).size === 2)
    write(installation, JSON.stringify(renamed))
    process.kill(gateway.pid, 'SIGHUP')
    const inForce = 'the configuration was read and is in force'
    await until(() => told(inForce).length >= 2)
    t.same(await statuses('/old'), [404])
    t.same(await statuses('/new'), [200])

    write(installation, '{"routes": nonsense')
    process.kill(gateway.pid, 'SIGHUP')
    const refused = 'the configuration cannot be used: the last good one stays'
    await until(() => new Set(told(refused).map(({ worker }) => worker)).size === 2)
    t.same(await statuses('/new'), [200])
    t.match(await readinessOf(gateway), { status: 200, checks: { configuration: 'degraded' } })

    process.kill(workersOf(gateway)[0] ?? 0, 'SIGKILL')
    await until(async () => (await readinessOf(gateway)).status === 503)
    await untilReady(gateway)
    t.same(await statuses('/new'), [200], 'the one that came later included')
  },
)

t.test('SIGTERM drains all workers at once, and no client sees an error', async (t) => {
  const { gateway } = await startScene(t, {
    routes: openRoutes,
    listen: { workers: 2, timeouts: { drainDelay: '2000ms' } },
  })
  const workers = workersOf(gateway)
  const load = startLoad(gateway)
  await until(() => load.statuses.length > 100)
  gateway.terminate()
  await until(async () => (await readinessOf(gateway)).status === 503)
  t.match(await readinessOf(gateway), { checks: { dataPlane: 'draining' } })
  const answered = load.statuses.length
  await until(() => load.statuses.length > answered + 100)
  await load.stop()
  t.equal(await gateway.ended, 0)
  t.same(load.errors, [])
  t.same([...new Set(load.statuses)], [200])
  t.same(workers.filter(isAlive), [])
})

t.test('a signal that reaches the whole group is obeyed once; a second one ends all at once', async (t) => {
  const { gateway, upstream } = await startScene(
    t,
    { routes: openRoutes, listen: { workers: 2, timeouts: { drain: '60s' } } },
    () => new Promise(() => {}),
  )
  const workers = workersOf(gateway)
  const pending = gateway.request({ path: '/slow' }, { timeoutMs: 60_000 }).catch(() => 'broken off')
  await until(() => upstream.requests.length === 1)
  for (const pid of [...workers, gateway.pid]) process.kill(pid, 'SIGTERM')
  await until(async () => (await readinessOf(gateway)).checks.dataPlane === 'draining')
  t.equal(await Promise.race([gateway.ended, sleep(500, 'still running')]), 'still running')
  gateway.terminate()
  t.equal(await gateway.ended, 1)
  t.equal(await pending, 'broken off')
  await until(() => !workers.some(isAlive))
})

t.test('a worker that does not answer makes the gateway unready until it does again', async (t) => {
  const { gateway } = await startScene(t, { routes: openRoutes })
  const [frozen = 0] = workersOf(gateway)
  process.kill(frozen, 'SIGSTOP')
  t.match(await readinessOf(gateway), { status: 503, checks: { workers: 'failed', tokens: 'ok' } })
  process.kill(frozen, 'SIGCONT')
  await untilReady(gateway)
})

t.test('workers do not outlive a primary that is killed', async (t) => {
  const { gateway } = await startScene(t, { routes: openRoutes })
  const workers = workersOf(gateway)
  t.equal(workers.length, 2)
  process.kill(gateway.pid, 'SIGKILL')
  await until(() => !workers.some(isAlive))
  await t.rejects(gateway.request({}), 'nobody listens any more')
})

t.test(
  'workers that cannot start are tried again while another serves; with none left serve ends',
  async (t) => {
    const file = join(t.testdir({}), 'ring.json')
    const ring = newKeyRing(systemClock).reveal()
    writeFileSync(file, ring, { mode: 0o600 })
    const { gateway } = await startScene(t, { routes: openRoutes, keys: { file } })
    const [first = 0, second = 0] = workersOf(gateway)
    rmSync(file)
    process.kill(first, 'SIGKILL')
    const failed = 'a worker could not start; it is tried again'
    await until(() => linesOf(gateway).some(({ message }) => message === failed))
    t.equal((await gateway.request({ path: '/x' })).status, 200, 'the other one serves')
    t.match(await readinessOf(gateway), { status: 503, checks: { workers: 'failed' } })
    process.kill(second, 'SIGKILL')
    t.equal(await gateway.ended, 1)
    t.match(gateway.output(), /sallyport: no worker is left, and none could be started: .*ring/)
  },
)
