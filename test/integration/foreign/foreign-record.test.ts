/**
 * Tokens of other services in either store.
 * @module
 */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import type { StorePlace } from '../../../src/database/which-store.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { anySealer } from '../../support/act.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { testForeignRecord } from './foreign-record-contract.ts'

async function opened(t: Test, place: StorePlace) {
  await migrate(place)
  const store = openTokenStore(place, { sealer: anySealer })
  t.teardown(() => store.close())
  return store
}

t.test('SQLite', async (t) => {
  testForeignRecord(t, async (t) => opened(t, { sqlite: { path: join(t.testdir(), 'tokens.db') } }))
})

t.test('PostgreSQL', async (t) => {
  testForeignRecord(t, async (t) =>
    opened(t, { postgres: { url: await freshDatabase(t), connections: 2, timeout: 10_000 } }),
  )
})
