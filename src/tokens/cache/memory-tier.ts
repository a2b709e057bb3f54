/**
 * The tier in this process: answers a known credential without waiting, as long as the change feed vouches for it,
 * and asks the next tier once however many requests want the same record.
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { CacheSettings } from '../../config/schema/tokens.ts'
import {
  type Claim,
  type Digests,
  type Reading,
  StoreUnavailable,
  type TokenChange,
  type TokenReader,
} from '../ports.ts'
import type { Token } from '../token.ts'
import type { ChangeFeed, ChangeListener } from './change-feed.ts'
import { KeyIndex } from './key-index.ts'
import type { LookupObserver } from './measured-reader.ts'
import { SingleFlight } from './single-flight.ts'

/** How often a record is read that keeps changing under the reader. */
const readsMax = 3

interface Entry {
  readonly reading: Reading
  readonly token: Token
  /** On the monotonic clock; in an outage the entry may serve for the grace beyond it. */
  readonly until: number
}

export interface MemoryTierOptions {
  readonly settings: CacheSettings['memory']
  readonly outageGraceMs: number
  readonly inner: TokenReader
  readonly feed: ChangeFeed
  readonly observer: LookupObserver
  /** Milliseconds that never go back; the feed's own clock. */
  readonly monotonic: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/**
 * Holds records whatever their state: the caller judges revocation and expiry at the moment of use. Must follow the
 * feed that it is given.
 */
export class MemoryTier implements TokenReader, ChangeListener {
  readonly #options: MemoryTierOptions
  readonly #feed: ChangeFeed
  readonly #observer: LookupObserver
  readonly #monotonic: () => number
  readonly #entries: LRUCache<string, Entry>
  readonly #absent: LRUCache<string, { readonly reading: Reading; readonly until: number }>
  readonly #index = new KeyIndex()
  #flights: SingleFlight<Reading>
  /** How many rings there were before this one. */
  #ringsBefore = 0
  /** Of the ring in force; `undefined` until there is a second one. */
  #keyIds: ReadonlySet<string> | undefined

  constructor(options: MemoryTierOptions) {
    this.#options = options
    this.#feed = options.feed
    this.#observer = options.observer
    this.#monotonic = options.monotonic
    // A shared answer is then never older than what memory may tell by itself.
    this.#flights = this.#newFlights()
    this.#entries = new LRUCache({
      max: Math.max(options.settings.entries, 1),
      dispose: ({ token }, key) => {
        this.#index.delete(token.id, key)
        this.#index.delete(token.subject.id, key)
      },
    })
    this.#absent = new LRUCache({ max: options.settings.absentEntries })
  }

  /** Entries held. */
  get size(): number {
    return this.#entries.size
  }

  /** The record of a credential known here, at once; `undefined` means «ask `find`». Allocates nothing. */
  recall(cacheKey: string): Reading | undefined {
    const entry = this.#entries.get(cacheKey)
    if (entry === undefined) return undefined
    const now = this.#monotonic()
    if (now >= entry.until || !this.#feed.isFresh(now)) return undefined
    this.#observer.lookedUp('memory', 'hit')
    return entry.reading
  }

  /** Whether a credential was found before, or just now was not; costs nothing and says nothing of what it is worth. */
  remembers(digests: Digests): 'record' | 'absent' | undefined {
    if (digests.some(({ value }) => this.#entries.has(value))) return 'record'
    const absent = this.#absent.peek(digests[0].value)
    return absent !== undefined && this.#monotonic() < absent.until ? 'absent' : undefined
  }

  /**
   * From here, or from the next tier. Throws `StoreUnavailable` when that cannot tell and nothing is known here that
   * the grace covers.
   */
  async find(digests: Digests, claim?: Claim): Promise<Reading> {
    const key = digests[0].value
    this.#bringForward(digests)
    const known = this.recall(key) ?? this.#recallAbsent(key)
    if (known !== undefined) return known
    // From then on the feed knows all that had changed when the question came, and no older answer passes it.
    const isConfirmed = this.#feed.wantsConfirming && (await this.#feed.confirm())
    const confirmed = isConfirmed ? this.#recallConfirmed(key) : undefined
    if (confirmed !== undefined) return confirmed
    // Nobody waits for a store that is known not to answer.
    const stale = this.#feed.isFailing ? this.#recallInOutage(key) : undefined
    if (stale !== undefined) return stale
    this.#observer.lookedUp('memory', 'miss')
    try {
      return await this.#flights.run(key, () => this.#fetch(key, digests, claim))
    } catch (error) {
      const fallback = error instanceof StoreUnavailable ? this.#recallInOutage(key) : undefined
      if (fallback === undefined) throw error
      return fallback
    }
  }

  changed(changes: readonly TokenChange[]): void {
    for (const { version, tokenId, subjectId } of changes) {
      if (tokenId !== undefined) this.#drop(tokenId, version)
      if (subjectId !== undefined) this.#drop(subjectId, version)
    }
  }

  reset(): void {
    this.#entries.clear()
    this.#absent.clear()
  }

  /**
   * From now on the keys of another ring count. What was unknown may be known under a new one, also to whoever asked
   * before; records under a key that is gone are dropped, and kept out should they arrive later.
   */
  ringChanged(keyIds: ReadonlySet<string>): void {
    this.#keyIds = keyIds
    this.#ringsBefore++
    this.#absent.clear()
    this.#flights = this.#newFlights()
    for (const [key, { reading }] of [...this.#entries.entries()]) {
      if (!this.#admits(reading)) this.#entries.delete(key)
    }
  }

  #admits({ keyId }: Reading): boolean {
    return keyId === undefined || this.#keyIds === undefined || this.#keyIds.has(keyId)
  }

  /** An entry from before a rotation goes on under the digest of the current key: nothing is asked anew. */
  #bringForward([current, ...others]: Digests): void {
    if (this.#entries.has(current.value)) return
    for (const { value } of others) {
      const entry = this.#entries.peek(value)
      if (entry === undefined) continue
      this.#entries.delete(value)
      this.#remember(current.value, entry)
      return
    }
  }

  #newFlights(): SingleFlight<Reading> {
    return new SingleFlight(this.#options.feed.leaseMs, this.#options.monotonic)
  }

  async #fetch(key: string, digests: Digests, claim: Claim | undefined): Promise<Reading> {
    const ringsBefore = this.#ringsBefore
    for (let reads = 0; reads < readsMax; reads++) {
      const reading = await this.#options.inner.find(digests, claim)
      const { token } = reading
      if (token === undefined) {
        if (ringsBefore === this.#ringsBefore) this.#rememberAbsent(key, reading)
        return reading
      }
      // A change may have overtaken the reading on its way; the next one will have it.
      if (this.#feed.isCurrent(reading, token.id, token.subject.id)) {
        this.#remember(key, { reading, token, until: this.#lifetimeEnd() })
        return reading
      }
      // Another server may be the store since the last poll, and readings of it hold only once the feed has met it.
      if (reading.line !== this.#feed.line) await this.#feed.confirm()
    }
    throw new StoreUnavailable('the record was outdated each time it was read')
  }

  #remember(key: string, entry: Entry): void {
    if (this.#options.settings.entries === 0 || !this.#admits(entry.reading)) return
    // A later reading may hold a change that the feed has yet to bring.
    const held = this.#entries.peek(key)
    if (held !== undefined && held.reading.version > entry.reading.version) return
    this.#entries.set(key, entry)
    // After `set`, which disposes of the entry that was there.
    this.#index.add(entry.token.id, key)
    this.#index.add(entry.token.subject.id, key)
  }

  #rememberAbsent(key: string, reading: Reading): void {
    const { entries, absentTtl } = this.#options.settings
    if (entries === 0) return
    this.#absent.set(key, { reading, until: this.#monotonic() + absentTtl })
  }

  /** For who has just asked the feed: whether it is fresh does not matter. */
  #recallConfirmed(key: string): Reading | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#monotonic() >= entry.until) return undefined
    this.#observer.lookedUp('memory', 'hit')
    return entry.reading
  }

  #recallAbsent(key: string): Reading | undefined {
    const absent = this.#absent.get(key)
    if (absent === undefined || this.#monotonic() >= absent.until) return undefined
    this.#observer.lookedUp('memory', 'absent')
    return absent.reading
  }

  #recallInOutage(key: string): Reading | undefined {
    const { outageGraceMs } = this.#options
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const now = this.#monotonic()
    if (now >= entry.until + outageGraceMs || !this.#feed.isConfirmedWithin(outageGraceMs, now))
      return undefined
    this.#observer.lookedUp('memory', 'stale')
    return entry.reading
  }

  #drop(id: string, version: number): void {
    for (const key of this.#index.keysOf(id)) {
      const entry = this.#entries.peek(key)
      if (entry !== undefined && entry.reading.version < version) this.#entries.delete(key)
    }
  }

  /** Up to a tenth early, so that entries that came together do not go together. */
  #lifetimeEnd(): number {
    const { settings, random } = this.#options
    return this.#monotonic() + settings.ttl * (1 - random() / 10)
  }
}
