/**
 * How every connection to PostgreSQL is made: verified as configured, and with a deadline on everything.
 * @module
 */

import type { PoolConfig } from 'pg'
import type { StoreSettings } from '../config/schema/tokens.ts'
import { isPooled } from './postgres-pooling.ts'

export type PostgresSettings = NonNullable<StoreSettings['postgres']>
export type ReadReplicaSettings = NonNullable<PostgresSettings['replica']>

/** Parameters of the URL that would otherwise win over the deadlines below. */
const deadlineParameters = [
  'statement_timeout',
  'query_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
]

/**
 * Options for a pool or a client. `deadlineMs` holds for each statement, on this side and, unless a pooler stands in
 * between, on the server's. Throws an `Error` that does not show the URL, which may hold a password.
 */
export function postgresOptions(settings: PostgresSettings, deadlineMs = settings.timeout): PoolConfig {
  if (!URL.canParse(settings.url)) {
    throw new Error('a URL in store.postgres is none: write postgres://user:password@host:port/database')
  }
  const url = new URL(settings.url)
  for (const name of deadlineParameters) url.searchParams.delete(name)
  if (settings.verifyTls !== undefined) {
    url.searchParams.set('sslmode', settings.verifyTls ? 'verify-full' : 'no-verify')
  }
  return {
    connectionString: url.href,
    application_name: 'sallyport',
    keepAlive: true,
    connectionTimeoutMillis: settings.timeout,
    query_timeout: deadlineMs,
    ...(!isPooled(settings) && {
      statement_timeout: deadlineMs,
      // A replica that is cut off in the middle of a change must not hold the change clock for ever.
      idle_in_transaction_session_timeout: deadlineMs,
    }),
  }
}
