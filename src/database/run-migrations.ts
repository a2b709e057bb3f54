/**
 * What migrating means for either database: numbered SQL files, forward only, each applied once and never
 * edited afterwards. The caller opens the transaction and the lock.
 * @module
 */

import { join } from 'node:path'
import Postgrator from 'postgrator'

/** A connection as the migrations see it. */
export interface MigrationTarget {
  readonly dialect: 'postgres' | 'sqlite'
  /** Runs one statement. */
  query(sql: string): Promise<{ rows: unknown[] }>
  /** Runs a whole file of statements. */
  script(sql: string): Promise<void>
}

/** Applies what is missing and returns its names, oldest first. */
export async function runMigrations(target: MigrationTarget): Promise<readonly string[]> {
  const { migrator, missing } = await inspect(target)
  if (missing.length > 0) await migrator.migrate()
  return missing
}

/** Names of the migrations that are not applied yet, oldest first; changes nothing. */
export async function missingMigrations(target: MigrationTarget): Promise<readonly string[]> {
  return (await inspect(target)).missing
}

/**
 * Throws when an applied file was edited, and when the database is ahead of this program, which then cannot
 * know what its tables mean.
 */
async function inspect(target: MigrationTarget): Promise<{ migrator: Postgrator; missing: string[] }> {
  const folder = join(import.meta.dirname, 'migrations', target.dialect)
  const migrator = new Postgrator({
    driver: target.dialect === 'postgres' ? 'pg' : 'sqlite3',
    schemaTable: 'schema_version',
    migrationPattern: join(folder, '*.do.*.sql'),
    execQuery: (sql) => target.query(sql),
    execSqlScript: (sql) => target.script(sql),
  })
  const migrations = await migrator.getMigrations()
  const newest = Math.max(0, ...migrations.map(({ version }) => version))
  if (newest === 0) throw new Error(`no migrations found in ${folder}`)

  const present = await migrator.getDatabaseVersion()
  if (present > newest) {
    throw new Error(`the database has schema version ${present}, and this program knows ${newest}: update it`)
  }
  await migrator.validateMigrations(present)
  const missing = migrator
    .getRunnableMigrations(present, newest)
    .map(({ version, name }) => `${String(version).padStart(3, '0')} ${name}`)
  return { migrator, missing }
}
