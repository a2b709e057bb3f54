/**
 * Opens the embedded database file in the one way that all its users share.
 * @module
 */

import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** How long a statement waits for another process to finish writing; the event loop waits with it. */
const busyTimeoutMs = 2000

/**
 * A connection to the file at `path`; the file is made when missing, for its owner alone, and so is its
 * folder. Write-ahead logging lets readers go on while one process writes. `synchronous` stays FULL:
 * a revocation that was reported must survive a power cut.
 */
export function openSqlite(path: string): DatabaseSync {
  // Absolute, so that no path is special: SQLite takes «:memory:» and «file:» for something else than a file.
  const file = resolve(path)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))

  const database = new DatabaseSync(file, { enableForeignKeyConstraints: true })
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
  database.exec('PRAGMA journal_mode = WAL')
  return database
}
