/**
 * A PostgreSQL primary is killed under load and its replica promoted: nothing is wrongly allowed, and requests that
 * cannot be decided meanwhile are told so.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startPlainUpstream } from '../integration/revocation/load.ts'
import { newInstallation } from '../support/installation.ts'
import { queryPostgres, startPostgres } from '../support/postgres.ts'
import { startStandby } from '../support/postgres-standby.ts'
import { startTcpSwitch } from '../support/tcp-switch.ts'
import { until } from '../support/until.ts'
import { startMixedLoad } from './mixed-load.ts'

t.test('the primary is killed, and its synchronous replica takes its place', async (t) => {
  const primary = await startPostgres()
  t.teardown(() => primary.stop())
  const standby = await startStandby(t, primary.url)
  const way = await startTcpSwitch(t, primary.port)
  const installation = newInstallation(t, {
    upstream: await startPlainUpstream(t),
    store: { postgres: { url: `postgres://postgres@127.0.0.1:${way.port}/postgres` } },
    authentication: { failures: { attempts: 0 } },
    log: { requests: false },
  })
  const gateways = [await installation.serve(), await installation.serve()]
  await queryPostgres(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
  await queryPostgres(primary.url, 'SELECT pg_reload_conf()')

  const load = await startMixedLoad(installation, gateways)
  await sleep(1_000)
  // The last that the primary does: it is on the replica when the command returns.
  await load.revokeVictim()
  await primary.kill()
  const lostAt = performance.now()
  way.turnTo(standby.port)
  await sleep(1_500)
  await standby.promote()
  await until(async () => {
    const before = load.counts.get('new 200') ?? 0
    await sleep(200)
    return (load.counts.get('new 200') ?? 0) > before
  })
  const awayMs = Math.round(performance.now() - lostAt)
  await sleep(1_500)
  await load.stop()
  load.report(`PostgreSQL; decided again after ${awayMs} ms`)
  t.same(load.wronglyAllowed, [], 'nothing is wrongly allowed')
  t.ok((load.counts.get('unknown 503') ?? 0) > 0, 'what cannot be decided is told so')
  t.notOk(
    [...load.counts.keys()].some((name) => name === 'good 401' || name === 'new 401'),
    'no good token is called bad',
  )
})
