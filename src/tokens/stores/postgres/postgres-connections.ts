/**
 * The two pools of a store on PostgreSQL, and the line between «the server cannot answer», which becomes
 * `StoreUnavailable`, and «we asked something wrong», which is thrown as it is.
 * @module
 */

import { DatabaseError, Pool, type PoolClient, type QueryConfig } from 'pg'
import { type PostgresSettings, postgresOptions } from '../../../database/postgres-options.ts'
import { beginStatement, isPooled } from '../../../database/postgres-pooling.ts'
import { StoreUnavailable } from '../../ports.ts'
import type { StoredRow } from '../stored-value.ts'

/** Runs one statement; inside a transaction, in it. */
export type Ask = (query: QueryConfig) => Promise<readonly StoredRow[]>

/** Classes of SQLSTATE that speak of our statement and not of the server: data, constraint, syntax. */
const ownFaults = ['22', '23', '42']

export class PostgresConnections {
  readonly #lookups: Pool
  /** One connection for what must be answered however busy the look-ups are: the change clock and `ping`. */
  readonly #watch: Pool
  readonly #timeoutMs: number
  readonly #begin: string
  readonly #isPooled: boolean
  #closing: Promise<void> | undefined

  constructor(settings: PostgresSettings) {
    const options = postgresOptions(settings)
    this.#timeoutMs = settings.timeout
    this.#begin = beginStatement(settings)
    this.#isPooled = isPooled(settings)
    this.#lookups = new Pool({ ...options, max: settings.connections })
    this.#watch = new Pool({ ...options, max: 1 })
    // An idle connection that breaks leaves its pool by itself; without a listener it would end the process.
    for (const pool of [this.#lookups, this.#watch]) pool.on('error', () => {})
  }

  /** Waits at most the configured timeout for a connection, and as long again for the answer. */
  readonly ask: Ask = (query) => answerOf(() => this.#lookups.query(this.#asSent(query)))

  /** The same on the connection that look-ups cannot take. An abort frees the caller with the signal's reason. */
  askWatch(query: QueryConfig, signal?: AbortSignal): Promise<readonly StoredRow[]> {
    return unlessAborted(() => answerOf(() => this.#watch.query(query)), signal)
  }

  /** For what reads a whole table: the question has its own deadline in place of the configured one. */
  askAtLength(query: QueryConfig, deadlineMs: number): Promise<readonly StoredRow[]> {
    // The driver reads this field of a query, too, which its types do not have.
    const unhurried: QueryConfig & { readonly query_timeout: number } = {
      ...query,
      query_timeout: deadlineMs,
    }
    return this.transaction(async (ask) => {
      await ask({ text: `SET LOCAL statement_timeout = ${deadlineMs}` })
      return ask(unhurried)
    })
  }

  /**
   * Commits what `work` did, or nothing. When the connection breaks during the commit, `StoreUnavailable`
   * leaves open which of the two.
   */
  async transaction<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const client = await available(() => this.#lookups.connect())
    client.on('error', ignore)
    const ask: Ask = (query) => answerOf(() => client.query(this.#asSent(query)))
    try {
      await ask({ text: this.#begin })
      const result = await work(ask)
      await ask({ text: 'COMMIT' })
      release(client)
      return result
    } catch (error) {
      // The server rolls back when the connection goes: that also holds for one that no longer answers.
      release(client, true)
      throw error
    }
  }

  /** Without its name where the connection that knows it may be another one next time. */
  #asSent(query: QueryConfig): QueryConfig {
    if (!this.#isPooled || query.name === undefined) return query
    const { name: _, ...unnamed } = query
    return unnamed
  }

  /** Idempotent. A server that does not say goodbye is waited for no longer than the timeout. */
  close(): Promise<void> {
    this.#closing ??= withinMs(
      this.#timeoutMs,
      Promise.all([this.#lookups.end(), this.#watch.end()]).then(() => {}),
    )
    return this.#closing
  }
}

function ignore(): void {}

function release(client: PoolClient, destroy = false): void {
  client.off('error', ignore)
  client.release(destroy)
}

async function answerOf(query: () => Promise<{ rows: StoredRow[] }>): Promise<readonly StoredRow[]> {
  return (await available(query)).rows
}

async function available<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw explain(error)
  }
}

function explain(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) {
    return new StoreUnavailable('PostgreSQL cannot be reached in time', { cause: error })
  }
  if (!ownFaults.includes(error.code?.slice(0, 2) ?? '')) {
    return new StoreUnavailable(`PostgreSQL cannot answer (${error.code})`, { cause: error })
  }
  // The detail of a violated constraint quotes the row, and with it a digest.
  error.detail = undefined
  return error
}

async function unlessAborted<T>(act: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return act()
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([act(), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function withinMs(timeoutMs: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timeoutMs)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
