/**
 * The audit record in PostgreSQL.
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
import type { Ask, PostgresConnections } from './postgres-connections.ts'

/** Entries that one transaction removes; every act waits for it. */
const pruneMax = 2_000

/** Every append of every replica waits here for the one before; nothing is locked after it. */
const takeHead = 'SELECT seq, hash, seal FROM audit_head FOR UPDATE'

const append = `
WITH moved AS (UPDATE audit_head SET seq = $1, hash = $3, seal = $4)
INSERT INTO audit_entries (seq, entry, hash) VALUES ($1, $2, $3)`

/** Primary key. */
const entries = `
SELECT ${entryColumns} FROM audit_entries
WHERE seq > $1 AND ($2::text IS NULL OR entry ->> 'at' >= $2) AND ($3::text IS NULL OR entry ->> 'at' < $3)
ORDER BY seq LIMIT $4`

/** Primary key. */
const latest = `SELECT ${entryColumns} FROM audit_entries ORDER BY seq DESC LIMIT $1`

/** Index `audit_entries_by_token`. */
export const ofToken = `
SELECT ${entryColumns} FROM audit_entries WHERE entry ->> 'tokenId' = $1 ORDER BY seq DESC LIMIT $2`

/** Primary key. */
const oldest = `SELECT ${entryColumns} FROM audit_entries WHERE seq < $1 ORDER BY seq LIMIT $2`
const keepFrom = 'UPDATE audit_head SET kept_from = $1'
const removeBefore = 'DELETE FROM audit_entries WHERE seq < $1'

export class PostgresAuditTrail implements AuditTrail {
  readonly #connections: PostgresConnections
  readonly #sealer: EntrySealer | undefined
  readonly #onQuery: (operation: string) => void

  constructor(connections: PostgresConnections, { sealer, onQuery = () => {} }: StoreOptions) {
    this.#connections = connections
    this.#sealer = sealer
    this.#onQuery = onQuery
  }

  /** Last in the transaction of the act, because the head stays locked from here to the commit. */
  async append(ask: Ask, act: Act, done: Done): Promise<void> {
    const sealer = required(this.#sealer)
    const head = readHead(await ask({ name: 'takeAuditHead', text: takeHead }))
    const { seq, entry, hash, seal } = extendChain(head, sealer, act, done)
    await ask({ name: 'appendAudit', text: append, values: [seq, entry, hash, seal] })
  }

  async record(act: Act, done: Done): Promise<void> {
    this.#onQuery('recordAct')
    await this.#connections.transaction((ask) => this.append(ask, act, done))
  }

  async head(): Promise<StoredHead> {
    this.#onQuery('auditHead')
    return readStoredHead(await this.#connections.ask({ text: headWithLast }))
  }

  async entries({ after, limit, since, until }: AuditPage): Promise<readonly StoredEntry[]> {
    checkPage({ limit })
    this.#onQuery('auditEntries')
    const values = [after, isoOrNull(since), isoOrNull(until), limit]
    return (await this.#connections.ask({ text: entries, values })).map(readEntry)
  }

  async latest(limit: number): Promise<readonly StoredEntry[]> {
    checkPage({ limit })
    this.#onQuery('latestAudit')
    return (await this.#connections.ask({ text: latest, values: [limit] })).map(readEntry).toReversed()
  }

  async ofToken(tokenId: string, limit: number): Promise<readonly StoredEntry[]> {
    checkPage({ limit })
    this.#onQuery('auditOfToken')
    const rows = await this.#connections.ask({ text: ofToken, values: [tokenId, limit] })
    return rows.map(readEntry).toReversed()
  }

  async prune(before: number, act: Act, signal?: AbortSignal): Promise<number> {
    this.#onQuery('pruneAudit')
    let count = 0
    for (let removed = pruneMax; removed === pruneMax && !signal?.aborted; count += removed) {
      removed = await this.#connections.transaction((ask) => this.#pruneBatch(ask, before, act))
    }
    return count
  }

  async #pruneBatch(ask: Ask, before: number, act: Act): Promise<number> {
    const head = readHead(await ask({ text: takeHead }))
    const rows = await ask({ text: oldest, values: [head.seq, pruneMax] })
    const old = prunable(rows.map(readEntry), before)
    const last = old.at(-1)
    if (last === undefined) return 0
    const keptFrom = last.seq + 1
    await ask({ text: keepFrom, values: [keptFrom] })
    await ask({ text: removeBefore, values: [keptFrom] })
    await this.append(ask, act, { deed: 'audit_pruned', details: { keptFrom, hash: last.hash } })
    return old.length
  }
}
