/**
 * Checks entries one after the other, from the oldest that is kept to the head, and says which is the first that does
 * not fit and why.
 * @module
 */

import { type ChainHead, type EntrySealer, emptyChain, hashOf } from './chain.ts'
import { type AuditEntry, decodeEntry } from './entry.ts'

/** An entry as the store has it; nothing of it is trusted. */
export interface StoredEntry {
  readonly seq: number
  readonly entry: string
  readonly hash: string
}

/** The first entry that does not fit. */
export interface ChainFault {
  readonly seq: number
  readonly what: 'edited' | 'removed' | 'inserted' | 'moved' | 'replaced' | 'unsealed' | 'unknown_key'
  /** One sentence for people. */
  readonly sentence: string
}

interface Fitting {
  readonly seq: number
  readonly hash: string
  readonly key: string
}

/** One pass through a chain. */
export class ChainVerifier {
  readonly #sealer: EntrySealer
  #first: AuditEntry | undefined
  #last: Fitting | undefined
  /** Oldest entry under each key that the ring does not have and no later entry has retired. */
  readonly #unknown = new Map<string, number>()
  /** Where the oldest kept entry must be, as the last retention recorded it. */
  #pruned: { readonly keptFrom: number; readonly hash: string } | undefined

  constructor(sealer: EntrySealer) {
    this.#sealer = sealer
  }

  /** Takes the next entry in the order of `seq`. */
  next(stored: StoredEntry): ChainFault | undefined {
    const { seq, hash } = stored
    const last = this.#last
    if (last !== undefined && seq !== last.seq + 1) return removed(last.seq + 1, seq - 1)
    const entry = decodeEntry(stored.entry)
    if (entry === undefined || hashOf(stored.entry) !== hash) {
      return fault(seq, 'edited', 'was edited: its hash is another one')
    }
    const misplaced = entry.seq === seq ? undefined : this.#misplaced(seq, entry)
    if (misplaced !== undefined) return misplaced
    if (last === undefined) this.#first = entry
    const unfit = last === undefined ? unfitFirst(entry) : this.#unfitLink(last, entry)
    if (unfit !== undefined) return unfit

    this.#note(entry)
    this.#last = { seq, hash, key: entry.key }
    return undefined
  }

  /** After the last entry: whether the chain ends where its head says, and begins where it may. */
  end(head: ChainHead): ChainFault | undefined {
    const last = this.#last
    if (last === undefined) return head.seq === 0 ? undefined : removed(1, head.seq)
    if (last.seq < head.seq) return removed(last.seq + 1, head.seq)
    const seal = this.#sealer.sealOf(last.key, last.hash)
    if (head.hash !== last.hash || (seal !== undefined && seal !== head.seal)) {
      return fault(
        last.seq,
        'unsealed',
        'is the last one, and its seal does not fit: it was replaced, or those behind it were removed',
      )
    }
    return this.#unfitStart() ?? this.#unknownKey()
  }

  #misplaced(seq: number, entry: AuditEntry): ChainFault {
    const before = this.#last?.seq
    return entry.seq === before
      ? fault(before, 'inserted', 'was inserted: the one behind it has the same number')
      : fault(seq, 'moved', `is entry ${entry.seq} in the place of another`)
  }

  #unfitLink(last: Fitting, entry: AuditEntry): ChainFault | undefined {
    if (entry.previous !== last.hash) {
      return fault(last.seq, 'replaced', 'was replaced: the one behind it follows another one')
    }
    const seal = this.#sealer.sealOf(last.key, last.hash)
    if (seal !== undefined && hashOf(seal) !== entry.sealed) {
      return fault(
        last.seq,
        'unsealed',
        'was not sealed with the key ring: it was written past the gateway, or those behind it were removed',
      )
    }
    return undefined
  }

  #note({ seq, deed, key, details }: AuditEntry): void {
    if (this.#sealer.sealOf(key, '') === undefined && !this.#unknown.has(key)) this.#unknown.set(key, seq)
    // Whoever retires a key vouches, under another one, for what was sealed with it.
    if (deed === 'key_retired' && details.key !== key) this.#unknown.delete(String(details.key))
    if (deed === 'audit_pruned') {
      this.#pruned = { keptFrom: Number(details.keptFrom), hash: String(details.hash) }
    }
  }

  /** What retention removed is known from the entry that it left. */
  #unfitStart(): ChainFault | undefined {
    const first = this.#first
    if (first === undefined) return undefined
    const { keptFrom, hash } = this.#pruned ?? { keptFrom: 1, hash: emptyChain.hash }
    if (first.seq > keptFrom) return removed(keptFrom, first.seq - 1)
    if (first.seq < keptFrom) return fault(first.seq, 'inserted', 'was put back after retention removed it')
    return first.previous === hash
      ? undefined
      : fault(first.seq, 'replaced', 'does not follow what retention removed')
  }

  #unknownKey(): ChainFault | undefined {
    const [oldest] = [...this.#unknown].toSorted(([, a], [, b]) => a - b)
    return (
      oldest &&
      fault(oldest[1], 'unknown_key', `is sealed with key «${oldest[0]}», which the ring does not have`)
    )
  }
}

function unfitFirst({ seq, previous, sealed }: AuditEntry): ChainFault | undefined {
  if (seq !== 1 || (previous === emptyChain.hash && sealed === hashOf(emptyChain.seal))) return undefined
  return fault(seq, 'replaced', 'is the first one, and names one before it')
}

function removed(from: number, to: number): ChainFault {
  const sentence = from === to ? 'was removed' : `and those behind it, up to ${to}, were removed`
  return fault(from, 'removed', sentence)
}

function fault(seq: number, what: ChainFault['what'], sentence: string): ChainFault {
  return { seq, what, sentence: `entry ${seq} ${sentence}` }
}
