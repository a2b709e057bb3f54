/**
 * Logins of subjects at upstreams, on SQLite.
 * @module
 */

import t from 'tap'
import { actAt } from '../../support/act.ts'
import { testLogins } from './login-contract.ts'
import { newSqliteDatabase, opened } from './sqlite-database.ts'

testLogins(t, newSqliteDatabase)

t.test('a store that is closed is unavailable, and has not lost a login', async (t) => {
  await newSqliteDatabase(t)
  const store = opened(t, `${t.testdirName}/tokens.db`)
  await store.close()
  const login = { subjectId: '', upstream: '', keyId: '', sealed: Buffer.alloc(0), updatedAt: 0 }
  await t.rejects(store.logins.read('', ''), { name: 'StoreUnavailable' })
  await t.rejects(store.logins.write(login), { name: 'StoreUnavailable' })
  await t.rejects(store.logins.remove('', '', actAt(0)), { name: 'StoreUnavailable' })
})
