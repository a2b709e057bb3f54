/**
 * Tells an observer how each look-up of a reader ended and how long it took.
 * @module
 */

import type { Claim, Digests, Reading, TokenReader } from '../ports.ts'

export type LookupTier = 'memory' | 'redis' | 'replica' | 'store'

/**
 * `hit` found, `absent` known not to exist, `miss` to be asked of the next tier, `rejected` an entry, or a replica, that
 * could not be trusted, `stale` served because the store does not answer, `error` no answer.
 */
export type LookupResult = 'hit' | 'absent' | 'miss' | 'rejected' | 'stale' | 'error'

/** Told of every look-up, on the path of every request: must be as cheap as a counter, and must not throw. */
export interface LookupObserver {
  /** `durationMs` only where the tier is asked over a wire or a disk. */
  lookedUp(tier: LookupTier, result: LookupResult, durationMs?: number): void
}

/** Decorates a reader; neither its answers nor its errors are touched. */
export function measureReader(inner: TokenReader, tier: LookupTier, observer: LookupObserver): TokenReader {
  return {
    async find(digests: Digests, claim?: Claim): Promise<Reading> {
      const startedAt = performance.now()
      try {
        const reading = await inner.find(digests, claim)
        observer.lookedUp(tier, reading.token === undefined ? 'absent' : 'hit', performance.now() - startedAt)
        return reading
      } catch (error) {
        observer.lookedUp(tier, 'error', performance.now() - startedAt)
        throw error
      }
    },
  }
}
