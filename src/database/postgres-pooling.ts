/**
 * What differs when a connection leads to a pooler such as PgBouncer in transaction mode, where each transaction may
 * meet another connection of the server: nothing that is set at its start lasts, so deadlines go with each transaction.
 * @module
 */

import { type Client, DatabaseError } from 'pg'
import type { PostgresSettings } from './postgres-options.ts'

/** Whether nothing that is set, or prepared, on a connection lasts beyond a transaction. */
export function isPooled({ pooling }: Pick<PostgresSettings, 'pooling'>): boolean {
  return pooling === 'transaction'
}

/**
 * Opens a transaction, in one message. Whatever the database's default: under a stricter level two changes at once would
 * fail, not queue. And a replica that is cut off in the middle of a change must not hold the change clock for ever.
 */
export function beginStatement(settings: PostgresSettings, deadlineMs = settings.timeout): string {
  const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED'
  if (!isPooled(settings)) return begin
  return `${begin}; SET LOCAL statement_timeout = ${deadlineMs}; SET LOCAL idle_in_transaction_session_timeout = ${deadlineMs}`
}

/**
 * Throws when statements would have no deadline on the server's side: one that waits there for a lock would go on when
 * nobody waits for it any more, and take a connection of the server with it. `deadlineMs` is what was asked for when
 * connecting.
 */
export async function checkDeadline(
  client: Client,
  settings: PostgresSettings,
  deadlineMs: number,
): Promise<void> {
  const { rows } = await client.query("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")
  const presentMs = Number(rows[0]?.setting)
  if (isPooled(settings)) {
    if (presentMs > 0) return
    throw new Error(
      'store.postgres.pooling is «transaction», and PostgreSQL sets no deadline to single statements: run ' +
        "«ALTER ROLE … SET statement_timeout = '2s'» for the role of store.postgres.url, then RECONNECT in PgBouncer",
    )
  }
  if (presentMs === deadlineMs) return
  throw new Error(
    'PostgreSQL did not get the deadline that was sent to it: a pooler stands in between; ' +
      'set store.postgres.pooling to «transaction»',
  )
}

/** PgBouncer refuses whoever sends settings that it does not keep. */
export function explainRefusal(error: unknown): unknown {
  if (!(error instanceof DatabaseError) || !error.message.startsWith('unsupported startup parameter'))
    return error
  return new Error(
    `a pooler refuses the connection (${error.message}): set store.postgres.pooling to «transaction»`,
    {
      cause: error,
    },
  )
}
