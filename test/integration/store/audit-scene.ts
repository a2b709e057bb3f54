/**
 * What the tests of the audit record have in common.
 * @module
 */

import { type AuditEntry, decodeEntry } from '../../../src/audit/entry.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { start } from './contract-database.ts'

export const act = { at: start + 7, by: 'alice', origin: 'cli:alice@host1', cause: 'why not' }

/** Every entry, as it reads. */
export async function entriesOf({ audit }: TokenStore): Promise<AuditEntry[]> {
  const read: AuditEntry[] = []
  for (let after = 0; ; after = read.length) {
    const page = await audit.entries({ after, limit: 500 })
    if (page.length === 0) return read
    for (const { entry } of page) read.push(decodeEntry(entry) as AuditEntry)
  }
}

/** So many entries, a millisecond apart from `start` on. */
export async function chainOf(store: TokenStore, length: number): Promise<void> {
  for (let index = 0; index < length; index++) {
    await store.audit.record(
      { ...act, at: start + index },
      { deed: 'key_staged', details: { key: `k${index}` } },
    )
  }
}
