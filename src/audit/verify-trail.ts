/**
 * Checks a whole audit record, page by page, while others go on appending to it.
 * @module
 */

import type { AuditTrail } from './audit-trail.ts'
import type { EntrySealer } from './chain.ts'
import { type ChainFault, ChainVerifier, type StoredEntry } from './verify-chain.ts'

const pageRows = 1_000

/** A head that was noted elsewhere, where whoever writes to the database cannot reach it. */
export interface ExpectedEntry {
  readonly seq: number
  readonly hash: string
}

export interface Verified {
  /** What does not fit first; `undefined` when all does. */
  readonly fault: ChainFault | undefined
  /** Entries that were looked at. */
  readonly entries: number
  readonly head: ExpectedEntry
}

export interface VerifyOptions {
  readonly expected?: ExpectedEntry | undefined
  /** Called after every page with how far it is. */
  readonly onProgress?: (seq: number, last: number) => void
}

/**
 * A fault is looked at twice, because retention may remove entries while they are read. Throws `StoreUnavailable`.
 */
export async function verifyTrail(
  trail: AuditTrail,
  sealer: EntrySealer,
  options: VerifyOptions = {},
): Promise<Verified> {
  const first = await passThrough(trail, sealer, options)
  return first.fault === undefined ? first : passThrough(trail, sealer, options)
}

/** What was appended after the head was read is left for another time. */
async function passThrough(
  trail: AuditTrail,
  sealer: EntrySealer,
  { expected, onProgress = () => {} }: VerifyOptions,
): Promise<Verified> {
  const { seq, hash, seal, lastSeq } = await trail.head()
  const verifier = new ChainVerifier(sealer)
  let entries = 0
  let found: StoredEntry | undefined
  const result = (fault: ChainFault | undefined): Verified => ({ fault, entries, head: { seq, hash } })

  for await (const stored of entriesUpTo(trail, seq)) {
    const fault = verifier.next(stored)
    if (fault !== undefined) return result(fault)
    if (stored.seq === expected?.seq) found = stored
    entries++
    if (entries % pageRows === 0) onProgress(stored.seq, seq)
  }
  const fault = verifier.end({ seq, hash, seal }) ?? behindHead(seq, lastSeq)
  return result(fault ?? (expected && unmet(expected, found, seq)))
}

async function* entriesUpTo(trail: AuditTrail, last: number): AsyncGenerator<StoredEntry> {
  for (let after = 0; after < last; ) {
    const page = await trail.entries({ after, limit: pageRows })
    yield* page.filter(({ seq }) => seq <= last)
    after = page.at(-1)?.seq ?? last
  }
}

function behindHead(seq: number, lastSeq: number): ChainFault | undefined {
  if (lastSeq <= seq) return undefined
  return {
    seq: seq + 1,
    what: 'inserted',
    sentence: `entry ${seq + 1} was added behind the head of the chain`,
  }
}

function unmet(
  { seq, hash }: ExpectedEntry,
  found: StoredEntry | undefined,
  last: number,
): ChainFault | undefined {
  if (found?.hash === hash) return undefined
  if (found !== undefined) {
    const sentence = `entry ${seq} was replaced, and all behind it: another one was noted`
    return { seq, what: 'replaced', sentence }
  }
  const sentence =
    seq > last
      ? `entry ${last + 1} and those behind it were removed: ${seq} was noted`
      : `entry ${seq}, which was noted, is no longer kept`
  return { seq: Math.min(seq, last + 1), what: 'removed', sentence }
}
