/**
 * Spares a store that does not answer: while the polls of the change feed fail, look-ups fail at once, those under
 * way included. The feed is the only one to knock, so recovery is not met by every request that waited for it.
 * @module
 */

import { type Digests, type Reading, StoreUnavailable, type TokenReader } from '../ports.ts'
import type { ChangeFeed } from './change-feed.ts'

/** Decorates the store. Throws `StoreUnavailable` while the feed is failing, and when it begins to. */
export function gateStore(
  store: TokenReader,
  feed: Pick<ChangeFeed, 'isFailing' | 'onFailing'>,
): TokenReader {
  return {
    async find(digests: Digests): Promise<Reading> {
      if (feed.isFailing) throw notAnswering()
      const { promise: failing, reject } = Promise.withResolvers<never>()
      const forget = feed.onFailing(() => reject(notAnswering()))
      try {
        return await Promise.race([store.find(digests), failing])
      } finally {
        forget()
      }
    },
  }
}

function notAnswering(): StoreUnavailable {
  return new StoreUnavailable('the store did not answer the last poll for changes')
}
