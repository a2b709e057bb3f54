/**
 * What commands and the control plane ask of the audit record in a store. Acts on tokens and subjects record themselves,
 * in their own transaction; only what happens elsewhere is recorded by itself.
 * @module
 */

import type { ChainHead } from './chain.ts'
import type { Act, Done } from './entry.ts'
import type { StoredEntry } from './verify-chain.ts'

/** A page of entries in rising order. */
export interface AuditPage {
  /** Number of the last entry of the page before; 0 for the first page. */
  readonly after: number
  readonly limit: number
  /** Only acts of this moment and later, in milliseconds since the epoch. */
  readonly since?: number
  /** Only acts before this moment. */
  readonly until?: number
}

/** The head as it is stored, with the highest number of an entry in the same snapshot; 0 when there is none. */
export interface StoredHead extends ChainHead {
  readonly lastSeq: number
}

/** Throws `StoreUnavailable` when the store cannot tell or record. */
export interface AuditTrail {
  /** For acts on what is not in the store, such as the key ring. */
  record(act: Act, done: Done): Promise<void>
  head(): Promise<StoredHead>
  entries(page: AuditPage): Promise<readonly StoredEntry[]>
  /** The last entries in rising order. */
  latest(limit: number): Promise<readonly StoredEntry[]>
  /** The last entries that are about this token, in rising order. Not those that only name it among others. */
  ofToken(tokenId: string, limit: number): Promise<readonly StoredEntry[]>
  /**
   * Removes entries of acts before `before`, oldest first up to the first that is younger, in batches that each record
   * themselves; the last entry stays. Yields how many. Stops between two batches when told to.
   */
  prune(before: number, act: Act, signal?: AbortSignal): Promise<number>
}
