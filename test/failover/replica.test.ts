/**
 * A read replica under load that lags behind, is killed and comes back: nothing is wrongly allowed, and nothing good is
 * refused.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startPlainUpstream } from '../integration/revocation/load.ts'
import { newInstallation } from '../support/installation.ts'
import { queryPostgres, startPostgres } from '../support/postgres.ts'
import { startStandby } from '../support/postgres-standby.ts'
import { startMixedLoad } from './mixed-load.ts'

t.test('the read replica lags, is killed, and is back', async (t) => {
  const primary = await startPostgres()
  t.teardown(() => primary.stop())
  const standby = await startStandby(t, primary.url)
  const installation = newInstallation(t, {
    upstream: await startPlainUpstream(t),
    store: { postgres: { url: primary.url, replica: { url: standby.url } } },
    // Short, so that known tokens are looked up again and again.
    cache: { memory: { ttl: '200ms' } },
    authentication: { failures: { attempts: 0 } },
    log: { requests: false },
  })
  const gateways = [await installation.serve(), await installation.serve()]
  const load = await startMixedLoad(installation, gateways)
  await sleep(1_000)
  await queryPostgres(standby.url, 'SELECT pg_wal_replay_pause()')
  await load.revokeVictim()
  await sleep(1_500)
  await standby.kill()
  await sleep(1_500)
  await standby.restart()
  await sleep(2_500)
  await load.stop()
  const hits = 'sallyport_token_lookups_total{tier="replica",result="hit"}'
  const answered = await Promise.all(gateways.map((gateway) => gateway.metric(hits)))
  load.report(`PostgreSQL with a read replica, which answered ${answered.join(' and ')} look-ups`)
  t.same(load.wronglyAllowed, [], 'nothing is wrongly allowed')
  t.ok(Math.min(...answered) > 0, 'the replica was asked')
  const unlike = [...load.counts.keys()].filter((name) => /^(good|new) (?!200)/.test(name))
  t.same(unlike, [], 'nothing good is refused, or waits for what does not come')
})
