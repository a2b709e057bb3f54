/**
 * Migrations on SQLite: one transaction for all that is missing; a second process waits for the first.
 * @module
 */

import type { DatabaseSync } from 'node:sqlite'
import { openSqlite } from './open-sqlite.ts'
import { type MigrationTarget, missingMigrations, runMigrations } from './run-migrations.ts'

/** Applies what is missing; all of it, or nothing. */
export function migrateSqlite(path: string): Promise<readonly string[]> {
  return withDatabase(path, async (database) => {
    database.exec('BEGIN IMMEDIATE')
    const applied = await runMigrations(targetOf(database))
    database.exec('COMMIT')
    return applied
  })
}

/** Looks without changing a table. */
export function pendingInSqlite(path: string): Promise<readonly string[]> {
  return withDatabase(path, (database) => missingMigrations(targetOf(database)))
}

function targetOf(database: DatabaseSync): MigrationTarget {
  return {
    dialect: 'sqlite',
    query: async (sql) => ({ rows: database.prepare(sql).all() }),
    script: async (sql) => database.exec(sql),
  }
}

/** Closing the connection rolls back whatever was not committed. */
async function withDatabase<T>(path: string, work: (database: DatabaseSync) => Promise<T>): Promise<T> {
  const database = openSqlite(path)
  try {
    return await work(database)
  } finally {
    database.close()
  }
}
