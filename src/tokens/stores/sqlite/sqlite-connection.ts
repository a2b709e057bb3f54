/**
 * One connection to the embedded database with its prepared statements, and the line between «the file
 * cannot answer», which becomes `StoreUnavailable`, and «we asked something wrong», which is thrown as it is.
 * @module
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { openSqlite } from '../../../database/open-sqlite.ts'
import { StoreUnavailable } from '../../ports.ts'
import type { StoredRow } from '../stored-value.ts'

export type Parameters = Readonly<Record<string, SQLInputValue>>

/** Primary result codes that speak of our statement and not of the file: error, constraint, mismatch, misuse, range. */
const ownFaults = [1, 19, 20, 21, 25]

export class SqliteConnection {
  readonly #database: DatabaseSync
  /** Prepared on first use, because before the migrations there is nothing to prepare against. */
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#database = openSqlite(path)
  }

  /** Runs one statement. Blocks: well below a millisecond, or up to the busy timeout while another process writes. */
  ask(sql: string, parameters: Parameters = {}): readonly StoredRow[] {
    return available(() => this.#prepared(sql).all({ ...parameters }))
  }

  /** Commits what `work` did, or nothing. Takes the write lock first, so that it never has to give up half-way. */
  transaction<T>(work: () => T): T {
    available(() => this.#database.exec('BEGIN IMMEDIATE'))
    try {
      const result = work()
      available(() => this.#database.exec('COMMIT'))
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #prepared(sql: string): StatementSync {
    const kept = this.#statements.get(sql)
    if (kept !== undefined) return kept
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

function available<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    const { code, errcode } = error as { readonly code?: string; readonly errcode?: number }
    if (code === 'ERR_INVALID_STATE') throw new StoreUnavailable('the store is closed', { cause: error })
    // The low byte is the primary code; what is above refines it.
    if (code === 'ERR_SQLITE_ERROR' && errcode !== undefined && !ownFaults.includes(errcode & 0xff)) {
      throw new StoreUnavailable(`SQLite cannot answer (${errcode})`, { cause: error })
    }
    throw error
  }
}
