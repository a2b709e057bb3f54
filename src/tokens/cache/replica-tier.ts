/**
 * Look-ups by way of a read replica, which may be behind: it is believed only where the change feed knows that nothing
 * has happened to a record since the moment that the replica shows. Whatever else it says, the store is asked.
 * @module
 */

import type { Claim, Digests, Reading, ReadReplica, TokenReader } from '../ports.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { LookupObserver } from './measured-reader.ts'
import { readClaimed } from './record-claim.ts'
import type { ReplicaWatch } from './replica-watch.ts'

/** Look-ups that may wait for it at once; the store shares what is beyond. */
const lookupsMax = 100

export interface ReplicaTierOptions {
  readonly replica: ReadReplica
  readonly watch: Pick<ReplicaWatch, 'state' | 'answered' | 'failed'>
  readonly feed: Pick<ChangeFeed, 'isFresh' | 'isCurrent' | 'version' | 'line'>
  /** Asked for what the replica cannot be believed. */
  readonly inner: TokenReader
  readonly observer: LookupObserver
}

/** Decorates the store; a replica that does not answer is never an error of the look-up. */
export function readByReplica(options: ReplicaTierOptions): TokenReader {
  const { watch, feed, inner, observer } = options
  const replica = readClaimed(options.replica)
  let lookups = 0

  async function ask(digests: Digests, claim: Claim | undefined): Promise<Reading | undefined> {
    const startedAt = performance.now()
    lookups++
    try {
      const reading = await replica.find(digests, claim)
      watch.answered()
      const worth = judge(reading, feed)
      observer.lookedUp('replica', worth, performance.now() - startedAt)
      return worth === 'hit' ? reading : undefined
    } catch (error) {
      watch.failed(error)
      observer.lookedUp('replica', 'error', performance.now() - startedAt)
      return undefined
    } finally {
      lookups--
    }
  }

  return {
    async find(digests: Digests, claim?: Claim): Promise<Reading> {
      const isWorthAsking = watch.state === 'up' && lookups < lookupsMax && feed.isFresh()
      return (isWorthAsking ? await ask(digests, claim) : undefined) ?? inner.find(digests, claim)
    },
  }
}

/** At the moment of the answer: the trust that it was asked for in may be gone. */
function judge(reading: Reading, feed: ReplicaTierOptions['feed']): 'hit' | 'miss' | 'rejected' {
  const { token, version, line } = reading
  if (line !== feed.line) return 'rejected'
  // What was issued a moment ago may not be there yet.
  if (token === undefined || !feed.isFresh()) return 'miss'
  // Ahead of the feed: whether the store will come that way is not known.
  if (feed.version === undefined || version > feed.version) return 'miss'
  return feed.isCurrent(reading, token.id, token.subject.id) ? 'hit' : 'miss'
}
