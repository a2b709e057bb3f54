/**
 * Spares a store that does not answer: while the polls of the change feed fail, look-ups fail at once, those under
 * way included. The feed is the only one to knock, so recovery is not met by every request that waited for it. And
 * a spray of unknown tokens finds a bulkhead: what waits beyond it fails at once, and known tokens go on.
 * @module
 */

import { type Claim, type Digests, type Reading, StoreUnavailable, type TokenReader } from '../ports.ts'
import type { ChangeFeed } from './change-feed.ts'

/** Look-ups that may wait at once; a token that many ask for is one. */
const lookupsMax = 1_000

/** Decorates the store. Throws `StoreUnavailable` while the feed is failing, and when it begins to. */
export function gateStore(
  store: TokenReader,
  feed: Pick<ChangeFeed, 'isFailing' | 'onFailing'>,
): TokenReader {
  let lookups = 0
  return {
    async find(digests: Digests, claim?: Claim): Promise<Reading> {
      if (feed.isFailing) throw notAnswering()
      if (lookups >= lookupsMax) throw new StoreUnavailable('too many look-ups wait for the store')
      lookups++
      const { promise: failing, reject } = Promise.withResolvers<never>()
      const forget = feed.onFailing(() => reject(notAnswering()))
      try {
        return await Promise.race([store.find(digests, claim), failing])
      } finally {
        lookups--
        forget()
      }
    },
  }
}

function notAnswering(): StoreUnavailable {
  return new StoreUnavailable('the store did not answer the last poll for changes')
}
