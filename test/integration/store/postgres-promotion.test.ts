/**
 * A primary that is lost, and the replica that takes its place: before it is promoted it decides nothing, and afterwards
 * what was revoked stays so; one that lacks the last commits is told from the server whose versions it gives out again.
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
  await t.rejects(after.readClock(), unavailable)
  await primary.kill()
  await standby.promote()
  t.equal((await after.readClock()).version, 1)
  t.equal((await after.find(good.digests)).token?.revokedAt, undefined)
  t.equal((await after.find(revoked.digests)).token?.revokedAt, revocation.at)
})

t.test(
  'a promoted server whose versions were given out before is on another line, and no restart is',
  async (t) => {
    const primary = await startPostgres()
    t.teardown(() => primary.stop())
    await migrate({ postgres: settingsOf(primary.url, 15_000) })
    const standby = await startStandby(t, primary.url)
    const [before, after] = [
      opened(t, primary.url, undefined, 15_000),
      opened(t, standby.url, undefined, 15_000),
    ]
    const { line } = await before.readClock()
    const [lost, kept] = [await addToken(before), await addToken(before)]
    await until(async () => {
      const client = new pg.Client({ connectionString: standby.url })
      await client.connect()
      const { rows } = await client.query(
        'SELECT count(*)::int AS tokens, mark FROM tokens, change_line GROUP BY mark',
      )
      await client.end()
      return rows[0]?.tokens === 2 && rows[0].mark === line
    })
    await standby.kill()
    await before.revokeToken(lost.token.id, revocation)
    t.same(await before.readClock(), { version: 1, line })
    t.equal((await before.find(kept.digests)).line, line)
    await primary.restart()
    await until(() => before.readClock().catch(() => undefined))
    t.same(await before.readClock(), { version: 1, line }, 'as before a restart')

    await primary.kill()
    await standby.restart()
    await standby.promote()
    await after.revokeToken(kept.token.id, revocation)
    const marked = await after.readClock()
    t.equal(marked.version, 1, 'as the change that is lost')
    t.not(marked.line, line)
    t.equal((await after.find(kept.digests)).line, marked.line, 'what is read there shows it')
    t.same(await after.readClock(), marked, 'and is marked once')
  },
)
