/**
 * The chain that entries form. Each names the hash of the one before, and the last is sealed with a key of the ring, in
 * the head of the chain only. The next entry takes the hash of that seal along, and the seal is gone: whoever can
 * write to the database, but has no key, can neither make the seal of a changed entry nor find that of an earlier one.
 * @module
 */

import { createHash } from 'node:crypto'
import { type Act, type Done, encodeEntry } from './entry.ts'

/** What seals entries: the key ring. */
export interface EntrySealer {
  /** The key that new entries are sealed with. */
  currentKeyId(): string
  /** The seal of a text under a key, as hex; `undefined` without that key. */
  sealOf(keyId: string, text: string): string | undefined
}

/** Where the chain ends. */
export interface ChainHead {
  /** Number of the last entry. */
  readonly seq: number
  /** Of the last entry. */
  readonly hash: string
  /** Of that hash. */
  readonly seal: string
}

/** An entry as it is stored: its text, and what the head becomes with it. */
export interface ChainLink extends ChainHead {
  readonly entry: string
}

/** The head of a chain without entries. */
export const emptyChain: ChainHead = { seq: 0, hash: '', seal: '' }

/** The next entry. Nothing is checked here, so that no act ever waits for a chain that somebody broke. */
export function extendChain(head: ChainHead, sealer: EntrySealer, act: Act, done: Done): ChainLink {
  const key = sealer.currentKeyId()
  const seq = head.seq + 1
  const entry = encodeEntry({
    seq,
    at: act.at,
    deed: done.deed,
    // Half a character would become another one on its way to the database.
    by: act.by.toWellFormed(),
    origin: act.origin.toWellFormed(),
    cause: act.cause.toWellFormed(),
    subjectId: done.subjectId ?? null,
    tokenId: done.tokenId ?? null,
    tokenIds: done.tokenIds ?? [],
    details: wellFormed(done.details ?? {}),
    key,
    previous: head.hash,
    sealed: hashOf(head.seal),
  })
  const hash = hashOf(entry)
  const seal = sealer.sealOf(key, hash)
  if (seal === undefined) throw new Error('the key ring has lost its current key')
  return { seq, entry, hash, seal }
}

function wellFormed(details: NonNullable<Done['details']>): NonNullable<Done['details']> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.toWellFormed() : value,
    ]),
  )
}

/** SHA-256 as hex. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
