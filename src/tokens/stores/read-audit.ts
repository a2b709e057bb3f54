/**
 * What either database's audit rows are read as. Entries stay the text that they are: whoever shows or checks them reads it.
 * @module
 */

import type { StoredHead } from '../../audit/audit-trail.ts'
import type { EntrySealer } from '../../audit/chain.ts'
import { decodeEntry } from '../../audit/entry.ts'
import type { StoredEntry } from '../../audit/verify-chain.ts'
import { fail, type StoredRow, textIn, versionIn } from './stored-value.ts'

/** The columns of an entry; PostgreSQL would hand out JSON as an object. */
export const entryColumns = 'seq, CAST(entry AS text) AS entry, hash'

/** The head, and in the same snapshot where the entries end. */
export const headWithLast = `
SELECT seq, hash, seal, coalesce((SELECT max(seq) FROM audit_entries), 0) AS last_seq FROM audit_head`

export function readEntry(row: StoredRow): StoredEntry {
  return { seq: versionIn(row, 'seq'), entry: textIn(row, 'entry'), hash: textIn(row, 'hash') }
}

export function readHead([row]: readonly StoredRow[]): Omit<StoredHead, 'lastSeq'> {
  if (row === undefined) return fail('audit_head')
  return { seq: versionIn(row, 'seq'), hash: textIn(row, 'hash'), seal: textIn(row, 'seal') }
}

export function readStoredHead(rows: readonly StoredRow[]): StoredHead {
  const [row] = rows
  return { ...readHead(rows), lastSeq: row === undefined ? fail('audit_head') : versionIn(row, 'last_seq') }
}

/** Throws where a store was opened for reading only. */
export function required(sealer: EntrySealer | undefined): EntrySealer {
  if (sealer === undefined) throw new Error('the store was opened without a key ring: it records no act')
  return sealer
}

/** The oldest entries that are of acts before `before`, up to the first that is not, or cannot be read. */
export function prunable(oldest: readonly StoredEntry[], before: number): readonly StoredEntry[] {
  const kept = oldest.findIndex(({ entry }) => !((decodeEntry(entry)?.at ?? before) < before))
  return kept === -1 ? oldest : oldest.slice(0, kept)
}

/** As entries have it. */
export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString()
}
