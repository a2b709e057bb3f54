/**
 * Logins of subjects at upstreams, on PostgreSQL.
 * @module
 */

import t from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { actAt } from '../../support/act.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { clock } from './contract-database.ts'
import { testLogins } from './login-contract.ts'
import { connected, newPostgresDatabase, opened, settingsOf } from './postgres-database.ts'

testLogins(t, newPostgresDatabase)

t.test('a table that cannot be read in time is «unavailable», not «no login»', async (t) => {
  const url = await freshDatabase(t)
  await migrate({ postgres: settingsOf(url) })
  const [store, holder] = [opened(t, url), await connected(t, url)]
  const subjectId = newRecordId(clock)
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE upstream_logins IN ACCESS EXCLUSIVE MODE')
  const login = { subjectId, upstream: 'swift', keyId: 'k1', sealed: Buffer.from('x'), updatedAt: 0 }
  await Promise.all([
    t.rejects(store.logins.read(subjectId, 'swift'), { name: 'StoreUnavailable' }),
    t.rejects(store.logins.write(login), { name: 'StoreUnavailable' }),
    t.rejects(store.logins.remove(subjectId, 'swift', actAt(0)), { name: 'StoreUnavailable' }),
  ])
  await holder.query('ROLLBACK')
  t.equal(await store.logins.read(subjectId, 'swift'), undefined)
})
