/**
 * A primary that is lost, and the replica that takes its place: before it is promoted it decides nothing, and afterwards
 * what was revoked stays so.
 * @module
 */

import pg from 'pg'
import t from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { startPostgres } from '../../support/postgres.ts'
import { startStandby } from '../../support/postgres-standby.ts'
import { until } from '../../support/until.ts'
import { addToken, revocation } from './contract-database.ts'
import { opened, settingsOf } from './postgres-database.ts'

t.test('a replica decides nothing until it is promoted, and then has every revocation', async (t) => {
  const primary = await startPostgres()
  t.teardown(() => primary.stop())
  await migrate({ postgres: settingsOf(primary.url, 15_000) })
  const standby = await startStandby(t, primary.url)
  const [before, after] = [opened(t, primary.url), opened(t, standby.url)]
  const [good, revoked] = [await addToken(before), await addToken(before)]
  await before.revokeToken(revoked.token.id, revocation)
  const client = new pg.Client({ connectionString: standby.url })
  await client.connect()
  await until(async () => (await client.query('SELECT version FROM change_clock')).rows[0]?.version === '1')
  await client.end()

  const unavailable = { name: 'StoreUnavailable' }
  await t.rejects(after.find(good.digests), unavailable)
  await t.rejects(after.findById(good.token.id), unavailable)
  await t.rejects(after.currentVersion(), unavailable)
  await primary.kill()
  await standby.promote()
  t.equal(await after.currentVersion(), 1)
  t.equal((await after.find(good.digests)).token?.revokedAt, undefined)
  t.equal((await after.find(revoked.digests)).token?.revokedAt, revocation.at)
})
