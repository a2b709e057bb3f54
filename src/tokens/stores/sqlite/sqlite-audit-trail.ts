/**
 * The audit record in SQLite.
 * @module
 */

import type { AuditPage, AuditTrail, StoredHead } from '../../../audit/audit-trail.ts'
import { type EntrySealer, extendChain } from '../../../audit/chain.ts'
import type { Act, Done } from '../../../audit/entry.ts'
import type { StoredEntry } from '../../../audit/verify-chain.ts'
import { checkPage } from '../page.ts'
import {
  entryColumns,
  headWithLast,
  isoOrNull,
  prunable,
  readEntry,
  readHead,
  readStoredHead,
  required,
} from '../read-audit.ts'
import type { StoreOptions } from '../store-options.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Entries that one transaction removes. */
const pruneMax = 500

const head = 'SELECT seq, hash, seal FROM audit_head'
const moveHead = 'UPDATE audit_head SET seq = $seq, hash = $hash, seal = $seal'
const append = 'INSERT INTO audit_entries (seq, entry, hash) VALUES ($seq, $entry, $hash)'

/** Primary key. */
const entries = `
SELECT ${entryColumns} FROM audit_entries
WHERE seq > $after AND ($since IS NULL OR entry ->> 'at' >= $since) AND ($until IS NULL OR entry ->> 'at' < $until)
ORDER BY seq LIMIT $limit`

/** Primary key. */
const latest = `SELECT ${entryColumns} FROM audit_entries ORDER BY seq DESC LIMIT $limit`

/** Index `audit_entries_by_token`. */
export const ofToken = `
SELECT ${entryColumns} FROM audit_entries WHERE entry ->> 'tokenId' = $tokenId ORDER BY seq DESC LIMIT $limit`

/** Primary key. */
const oldest = `SELECT ${entryColumns} FROM audit_entries WHERE seq < $before ORDER BY seq LIMIT $limit`
const keepFrom = 'UPDATE audit_head SET kept_from = $keptFrom'
const removeBefore = 'DELETE FROM audit_entries WHERE seq < $keptFrom'

export class SqliteAuditTrail implements AuditTrail {
  readonly #connection: SqliteConnection
  readonly #sealer: EntrySealer | undefined
  readonly #onQuery: (operation: string) => void

  constructor(connection: SqliteConnection, { sealer, onQuery = () => {} }: StoreOptions) {
    this.#connection = connection
    this.#sealer = sealer
    this.#onQuery = onQuery
  }

  /** Inside the transaction of the act. */
  append(act: Act, done: Done): void {
    const link = extendChain(readHead(this.#connection.ask(head)), required(this.#sealer), act, done)
    const { seq, entry, hash, seal } = link
    this.#connection.ask(append, { seq, entry, hash })
    this.#connection.ask(moveHead, { seq, hash, seal })
  }

  async record(act: Act, done: Done): Promise<void> {
    this.#onQuery('recordAct')
    this.#connection.transaction(() => this.append(act, done))
  }

  async head(): Promise<StoredHead> {
    this.#onQuery('auditHead')
    return readStoredHead(this.#connection.ask(headWithLast))
  }

  async entries({ after, limit, since, until }: AuditPage): Promise<readonly StoredEntry[]> {
    checkPage({ limit })
    this.#onQuery('auditEntries')
    const period = { since: isoOrNull(since), until: isoOrNull(until) }
    return this.#connection.ask(entries, { after, limit, ...period }).map(readEntry)
  }

  async latest(limit: number): Promise<readonly StoredEntry[]> {
    checkPage({ limit })
    this.#onQuery('latestAudit')
    return this.#connection.ask(latest, { limit }).map(readEntry).toReversed()
  }

  async ofToken(tokenId: string, limit: number): Promise<readonly StoredEntry[]> {
    checkPage({ limit })
    this.#onQuery('auditOfToken')
    return this.#connection.ask(ofToken, { tokenId, limit }).map(readEntry).toReversed()
  }

  async prune(before: number, act: Act, signal?: AbortSignal): Promise<number> {
    this.#onQuery('pruneAudit')
    let count = 0
    for (let removed = pruneMax; removed === pruneMax && !signal?.aborted; count += removed) {
      removed = this.#connection.transaction(() => this.#pruneBatch(before, act))
      await new Promise((resolve) => setImmediate(resolve))
    }
    return count
  }

  #pruneBatch(before: number, act: Act): number {
    const { seq } = readHead(this.#connection.ask(head))
    const rows = this.#connection.ask(oldest, { before: seq, limit: pruneMax })
    const old = prunable(rows.map(readEntry), before)
    const last = old.at(-1)
    if (last === undefined) return 0
    const keptFrom = last.seq + 1
    this.#connection.ask(keepFrom, { keptFrom })
    this.#connection.ask(removeBefore, { keptFrom })
    this.append(act, { deed: 'audit_pruned', details: { keptFrom, hash: last.hash } })
    return old.length
  }
}
