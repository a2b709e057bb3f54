/**
 * SQLite files for the contract suites and for tests of the adapter itself.
 * @module
 */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { SqliteTokenStore } from '../../../src/tokens/stores/sqlite/sqlite-token-store.ts'
import type { StoreOptions } from '../../../src/tokens/stores/store-options.ts'
import { type Database, keyRing } from './contract-database.ts'

/** A new, migrated, empty database. */
export async function newSqliteDatabase(t: Test): Promise<Database> {
  const path = join(t.testdir(), 'tokens.db')
  await migrate({ sqlite: { path } })
  return {
    open: (options) => opened(t, path, { sealer: keyRing, ...options }),
    execute: async (sql) => connected(t, path).exec(sql),
  }
}

/** A store that is closed when the test is over. */
export function opened(t: Test, path: string, options: StoreOptions = { sealer: keyRing }): SqliteTokenStore {
  const opened = new SqliteTokenStore({ path }, options)
  t.teardown(() => opened.close())
  return opened
}

/** A connection past every store, closed when the test is over. */
export function connected(t: Test, path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  t.teardown(() => database.close())
  return database
}
