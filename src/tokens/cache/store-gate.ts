/**
 * Spares a store that does not answer: while the polls of the change feed fail, look-ups fail at once. The feed is
 * the only one to knock, so recovery is not met by every request that waited for it.
 * @module
 */

import { type Digests, type Reading, StoreUnavailable, type TokenReader } from '../ports.ts'
import type { ChangeFeed } from './change-feed.ts'

/** Decorates the store. Throws `StoreUnavailable` without asking it while the feed is failing. */
export function gateStore(store: TokenReader, feed: Pick<ChangeFeed, 'isFailing'>): TokenReader {
  return {
    async find(digests: Digests): Promise<Reading> {
      if (feed.isFailing) throw new StoreUnavailable('the store did not answer the last poll for changes')
      return await store.find(digests)
    },
  }
}
