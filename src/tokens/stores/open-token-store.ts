/**
 * Opens the store that the settings name, and the read replica beside it.
 * @module
 */

import { type StorePlace, whichStore } from '../../database/which-store.ts'
import type { ReadReplica, TokenStore } from '../ports.ts'
import { PostgresReadReplica } from './postgres/postgres-read-replica.ts'
import { PostgresTokenStore } from './postgres/postgres-token-store.ts'
import { SqliteTokenStore } from './sqlite/sqlite-token-store.ts'
import type { StoreOptions } from './store-options.ts'

/** Throws when the settings name both stores, or none. The caller migrates first and closes the store. */
export function openTokenStore(settings: StorePlace, options: StoreOptions = {}): TokenStore {
  const store = whichStore(settings)
  switch (store.technology) {
    case 'postgres':
      return new PostgresTokenStore(store.postgres, options)
    case 'sqlite':
      return new SqliteTokenStore(store.sqlite, options)
    default:
      return store satisfies never
  }
}

/** `undefined` where the settings name none. The caller closes it. */
export function openReadReplica({ postgres }: StorePlace): ReadReplica | undefined {
  return postgres?.replica && new PostgresReadReplica(postgres.replica)
}
