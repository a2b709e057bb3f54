/**
 * Brings the schema of the configured store up to date, or says what is missing.
 * @module
 */

import { migratePostgres, pendingInPostgres } from './postgres-migrations.ts'
import { migrateSqlite, pendingInSqlite } from './sqlite-migrations.ts'
import { type StorePlace, whichStore } from './which-store.ts'

/**
 * Applies what is missing in one transaction and returns its names, such as `001 tokens`. Safe to run from
 * many processes at once. Throws when the database cannot be reached, was migrated by a newer program, or
 * an applied migration has been edited since.
 */
export function migrate(settings: StorePlace): Promise<readonly string[]> {
  const store = whichStore(settings)
  switch (store.technology) {
    case 'postgres':
      return migratePostgres(store.postgres)
    case 'sqlite':
      return migrateSqlite(store.sqlite.path)
    default:
      return store satisfies never
  }
}

/** Names of the migrations that `migrate` would apply. Throws as `migrate` does. */
export function pendingMigrations(settings: StorePlace): Promise<readonly string[]> {
  const store = whichStore(settings)
  switch (store.technology) {
    case 'postgres':
      return pendingInPostgres(store.postgres)
    case 'sqlite':
      return pendingInSqlite(store.sqlite.path)
    default:
      return store satisfies never
  }
}
