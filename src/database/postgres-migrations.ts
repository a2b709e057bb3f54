/**
 * Migrations on PostgreSQL: one transaction for all that is missing, under an advisory lock, so that any
 * number of replicas may start at once and one of them does the work.
 * @module
 */

import { Client } from 'pg'
import { type PostgresSettings, postgresOptions } from './postgres-options.ts'
import { beginStatement, checkDeadline, explainRefusal } from './postgres-pooling.ts'
import { type MigrationTarget, missingMigrations, runMigrations } from './run-migrations.ts'

/** Rewriting a table of ten million tokens, or waiting for the replica that does, may take this long. */
const deadlineMs = 15 * 60_000

/** «sallyport» in ASCII, cut to the 63 bits of a lock's number. */
const lockNumber = '0x73616c6c79706f72'

/** Applies what is missing; all of it, or nothing. */
export function migratePostgres(settings: PostgresSettings): Promise<readonly string[]> {
  return withClient(settings, async (client) => {
    await client.query(beginStatement(settings, deadlineMs))
    await client.query('SELECT pg_advisory_xact_lock($1)', [BigInt(lockNumber).toString()])
    const applied = await runMigrations(targetOf(client))
    await client.query('COMMIT')
    return applied
  })
}

/** Looks without changing anything. */
export function pendingInPostgres(settings: PostgresSettings): Promise<readonly string[]> {
  return withClient(settings, (client) => missingMigrations(targetOf(client)))
}

function targetOf(client: Client): MigrationTarget {
  return {
    dialect: 'postgres',
    query: (sql) => client.query(sql),
    script: async (sql) => {
      await client.query(sql)
    },
  }
}

/** Closing the connection rolls back whatever was not committed. */
async function withClient<T>(settings: PostgresSettings, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(postgresOptions(settings, deadlineMs))
  // A connection that breaks also fails the query in flight, which tells the caller; this event would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await checkDeadline(client, settings, deadlineMs)
    return await work(client)
  } catch (error) {
    throw explainRefusal(error)
  } finally {
    await client.end()
  }
}
