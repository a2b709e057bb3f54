/**
 * Removes what nobody can use any more: the records of tokens that have long been dead, and changes that every cache
 * has long taken in.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'

/** A replica that has followed no change for longer drops what it holds when it finds a gap. */
const changesKeptMs = 86_400_000

/** How many records of each were removed. `olderThanMs` is the time since a token was revoked or expired. */
export async function purgeTokens(
  registry: TokenRegistry,
  clock: Clock,
  { olderThanMs }: { readonly olderThanMs: number },
): Promise<{ readonly tokens: number; readonly changes: number }> {
  const now = clock.now()
  return {
    tokens: await registry.purgeDead(now - olderThanMs),
    changes: await registry.pruneChanges(now - changesKeptMs),
  }
}
