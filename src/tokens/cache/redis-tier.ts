/**
 * The tier that replicas share. A failure of Redis costs a look-up in the store and is never an error of the request;
 * an entry that cannot be opened, is outdated or is not vouched for by the change feed counts as none.
 * @module
 */

import type { CacheSettings } from '../../config/schema/tokens.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RedisClient } from '../../redis/redis-client.ts'
import {
  type Claim,
  type Digest,
  type Digests,
  type Reading,
  StoreUnavailable,
  type TokenReader,
} from '../ports.ts'
import type { Token } from '../token.ts'
import type { ChangeFeed, ChangeListener } from './change-feed.ts'
import type { LookupObserver, LookupResult } from './measured-reader.ts'
import { openEntry, type Sealer, sealEntry } from './sealed-entry.ts'

export interface RedisTierOptions {
  readonly settings: Pick<NonNullable<CacheSettings['redis']>, 'prefix' | 'ttl' | 'entryBytes'>
  readonly outageGraceMs: number
  readonly inner: TokenReader
  readonly feed: ChangeFeed
  readonly client: Pick<RedisClient, 'read' | 'write'>
  readonly sealer: Sealer
  readonly observer: LookupObserver
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** What one entry came to: a reading that may be used, or why there is none. */
type Found = Reading | 'miss' | 'rejected' | 'error'

/** Holds records that exist, whatever their state; never «no such token». Must follow the feed that it is given. */
export class RedisTier implements TokenReader, ChangeListener {
  readonly #options: RedisTierOptions
  /** Milliseconds since the epoch. */
  #distrustedUntil = 0

  constructor(options: RedisTierOptions) {
    this.#options = options
  }

  /** From Redis, or from the next tier; throws only what that throws. */
  async find(digests: Digests, claim?: Claim): Promise<Reading> {
    const { feed, outageGraceMs } = this.#options
    const shared = feed.isFresh() ? await this.#recall(digests, 'hit') : undefined
    // A slow answer may have outlived the trust that it was asked for in.
    if (shared !== undefined && feed.isFresh()) return shared
    try {
      return await this.#fetch(digests, claim)
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || !feed.isConfirmedWithin(outageGraceMs)) throw error
      const known = await this.#recall(digests, 'stale')
      if (known === undefined || !feed.isConfirmedWithin(outageGraceMs)) throw error
      return known
    }
  }

  /** Nothing to do: each entry carries the version that it is judged by when it is read. */
  changed(): void {}

  /**
   * Entries from before may carry versions that the clock has yet to reach again, and end within one lifetime; those of
   * another line are told by it.
   */
  reset(isNewLine: boolean): void {
    if (isNewLine) return
    this.#distrustedUntil = this.#options.clock.now() + this.#options.settings.ttl
  }

  async #fetch(digests: Digests, claim: Claim | undefined): Promise<Reading> {
    const reading = await this.#options.inner.find(digests, claim)
    const { token } = reading
    if (token !== undefined) this.#store(this.#keyOf(digests[0]), { ...reading, token })
    return reading
  }

  /** Does not wait, and does not mind failure: the next look-up finds the store again. */
  #store(key: string, reading: Reading & { readonly token: Token }): void {
    const { sealer, settings, client, clock, random } = this.#options
    const storedAt = clock.now()
    // Up to a tenth early, so that entries that came together do not go together.
    const ttlMs = Math.ceil(settings.ttl * (1 - random() / 10))
    const sealed = sealEntry(sealer, key, { ...reading, storedAt, until: storedAt + ttlMs })
    if (sealed.length <= settings.entryBytes) client.write(key, sealed, ttlMs).catch(() => {})
  }

  /** What Redis knows, counted as `found` when it may be used. */
  async #recall(digests: Digests, found: LookupResult): Promise<Reading | undefined> {
    const startedAt = performance.now()
    const read = await this.#readAny(digests)
    const durationMs = performance.now() - startedAt
    if (typeof read === 'string') {
      this.#options.observer.lookedUp('redis', read, durationMs)
      return undefined
    }
    this.#options.observer.lookedUp('redis', found, durationMs)
    return read
  }

  /** Under every key of the ring: what was stored before a rotation serves until it ends. */
  async #readAny(digests: Digests): Promise<Found> {
    for (const digest of digests) {
      const found = await this.#read(this.#keyOf(digest))
      if (typeof found === 'object' && !isUnderOneOf(digests, found)) return 'miss'
      if (found !== 'miss') return found
    }
    return 'miss'
  }

  #keyOf({ value }: Digest): string {
    return `${this.#options.settings.prefix}token:${value}`
  }

  async #read(key: string): Promise<Found> {
    const { client, settings, sealer, feed, clock } = this.#options
    const now = clock.now()
    if (now < this.#distrustedUntil) return 'miss'
    // One byte more than allowed tells an entry of just that size from a larger one.
    const sealed = await client.read(key, settings.entryBytes + 1).catch(() => undefined)
    if (sealed === undefined) return 'error'
    if (sealed.length === 0) return 'miss'
    if (sealed.length > settings.entryBytes) return 'rejected'
    const entry = openEntry(sealer, key, sealed)
    if (entry === undefined) return 'rejected'
    const { storedAt, until, ...reading } = entry
    const { token, version } = reading
    if (now >= Math.min(until, storedAt + settings.ttl)) return 'miss'
    // A version that the feed has not reached may belong to a clock that has gone back since.
    if (feed.version === undefined || version > feed.version) return 'miss'
    return feed.isCurrent(reading, token.id, token.subject.id) ? reading : 'miss'
  }
}

/** A record whose key the ring has lost is unknown, under whichever key it was cached. */
function isUnderOneOf(digests: Digests, { keyId }: Reading): boolean {
  return keyId === undefined || digests.some((digest) => digest.keyId === keyId)
}
