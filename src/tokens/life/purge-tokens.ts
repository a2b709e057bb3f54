/**
 * Removes what nobody can use any more: the records of tokens that have long been dead, changes that every cache
 * has long taken in, and, where that is asked for, what the audit record has of long ago.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'

/** A replica that has followed no change for longer drops what it holds when it finds a gap. */
const changesKeptMs = 86_400_000

export interface PurgeRequest {
  /** The time since a token was revoked or expired. */
  readonly olderThanMs: number
  /** The time since a session expired; left out, sessions are tokens like all others. */
  readonly sessionsOlderThanMs?: number | undefined
  /** The time since an act; left out, the whole audit record stays. */
  readonly auditOlderThanMs?: number | undefined
  /** Who asks, and whence. */
  readonly by: string
  readonly origin: string
  /** Ends the work after the batch that is under way. */
  readonly signal?: AbortSignal
}

/** How many records of each were removed. */
export interface Purged {
  readonly tokens: number
  readonly changes: number
  readonly auditEntries: number
}

export async function purgeTokens(
  registry: TokenRegistry,
  clock: Clock,
  { olderThanMs, sessionsOlderThanMs, auditOlderThanMs, by, origin, signal }: PurgeRequest,
): Promise<Purged> {
  const now = clock.now()
  const act = { at: now, by, origin, cause: '' }
  // Every login leaves one, and nobody asks about it for long.
  const sessions =
    sessionsOlderThanMs === undefined
      ? 0
      : await registry.purgeExpired('session', now - sessionsOlderThanMs, act, signal)
  return {
    tokens: sessions + (await registry.purgeDead(now - olderThanMs, act, signal)),
    changes: await registry.pruneChanges(now - changesKeptMs, signal),
    auditEntries:
      auditOlderThanMs === undefined ? 0 : await registry.audit.prune(now - auditOlderThanMs, act, signal),
  }
}
