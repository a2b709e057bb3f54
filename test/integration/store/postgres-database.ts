/**
 * Databases on the PostgreSQL of the run, for the contract suites and for tests of the adapter itself.
 * @module
 */

import pg from 'pg'
import type { Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { PostgresTokenStore } from '../../../src/tokens/stores/postgres/postgres-token-store.ts'
import type { StoreOptions } from '../../../src/tokens/stores/store-options.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { type Database, keyRing } from './contract-database.ts'

/** For tests of what happens when it is over. */
export const timeout = 1000
/** For tests whose many changes wait for each other, on a machine that is busy. */
const patientTimeout = 15_000

export const settingsOf = (url: string, timeoutMs = timeout) => ({ url, connections: 4, timeout: timeoutMs })

/** What is different in the settings when a pooler in transaction mode stands before the server. */
export function pooledOf(url: string, poolerPort: number) {
  const pooled = new URL(url)
  pooled.port = String(poolerPort)
  return { url: pooled.href, pooling: 'transaction' } as const
}

/** A new, migrated, empty database; by way of the pooler on port `poolerPort` where there is one. */
export async function newPostgresDatabase(t: Test, poolerPort?: number): Promise<Database> {
  const url = await freshDatabase(t)
  const settings = { ...settingsOf(url, patientTimeout), ...(poolerPort && pooledOf(url, poolerPort)) }
  await migrate({ postgres: settings })
  return {
    open: (options) => {
      const store = new PostgresTokenStore(settings, { sealer: keyRing, ...options })
      t.teardown(() => store.close())
      return store
    },
    execute: async (sql) => {
      const client = await connected(t, url)
      await client.query(sql)
    },
  }
}

/** A store that is closed when the test is over. */
export function opened(
  t: Test,
  url: string,
  options: StoreOptions = { sealer: keyRing },
  timeoutMs = timeout,
  more: Partial<ReturnType<typeof pooledOf>> = {},
): PostgresTokenStore {
  const opened = new PostgresTokenStore({ ...settingsOf(url, timeoutMs), ...more }, options)
  t.teardown(() => opened.close())
  return opened
}

/** A connection past every store, closed when the test is over. */
export async function connected(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, query_timeout: 10_000 })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  return client
}
