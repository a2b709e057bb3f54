/**
 * A memory tier and its feed over a held store and a replica of it, with time in the test's hands.
 * @module
 */

import { ChangeFeed } from '../../../src/tokens/cache/change-feed.ts'
import type { LookupObserver } from '../../../src/tokens/cache/measured-reader.ts'
import { MemoryTier } from '../../../src/tokens/cache/memory-tier.ts'
import { readByReplica } from '../../../src/tokens/cache/replica-tier.ts'
import { gateStore } from '../../../src/tokens/cache/store-gate.ts'
import { HeldStore } from './held-store.ts'

export const leaseMs = 900
export const graceMs = 60_000
export const ttlMs = 10_000

export interface Tiers {
  readonly store: HeldStore
  /** Follows the store when it is told to. */
  readonly replica: HeldStore
  readonly feed: ChangeFeed
  readonly memory: MemoryTier
  /** Every look-up so far, as `tier result`. */
  readonly seen: string[]
  /** Failures and recoveries of the feed. */
  readonly told: string[]
  /** Time goes by, and nobody does anything. */
  advance(ms: number): void
  /** Time goes by with a poll four times a second, as in a process that runs. */
  live(ms: number): Promise<void>
}

interface TiersPlan {
  readonly entries?: number
  readonly retentionMs?: number
  /** Whether the replica is asked at all. */
  readonly hasReplica?: boolean
  /** Milliseconds from the start on during which notices are sure to be heard; for ever unless given. */
  readonly attentiveMs?: number
  /** Half of what may be unless given. */
  readonly random?: () => number
}

export function buildTiers(plan: TiersPlan = {}): Tiers {
  const { entries = 100, retentionMs = 100_000, attentiveMs, random = () => 0.5, hasReplica = false } = plan
  const startedAt = 1_000_000
  let now = startedAt
  const store = new HeldStore()
  const seen: string[] = []
  const told: string[] = []
  const replica = new HeldStore()
  const feed = new ChangeFeed({
    source: store,
    pollIntervalMs: 250,
    leaseMs,
    retentionMs,
    monotonic: () => now,
    ...(attentiveMs !== undefined && { attentiveUntil: () => startedAt + attentiveMs }),
    failing: () => told.push('failing'),
    recovered: (ms) => told.push(`recovered after ${ms}`),
  })
  const observer: LookupObserver = { lookedUp: (tier, result) => seen.push(`${tier} ${result}`) }
  const watch = { state: hasReplica ? 'up' : 'down', answered() {}, failed() {} } as const
  const memory = new MemoryTier({
    settings: { entries, ttl: ttlMs, absentTtl: 1_000, absentEntries: 2 },
    outageGraceMs: graceMs,
    inner: readByReplica({ replica, watch, feed, inner: gateStore(store, feed), observer }),
    feed,
    observer,
    monotonic: () => now,
    random,
  })
  feed.follow(memory)
  return {
    store,
    replica,
    feed,
    memory,
    seen,
    told,
    advance(ms) {
      now += ms
    },
    async live(ms) {
      for (const until = now + ms; now < until; ) {
        now = Math.min(now + 250, until)
        await feed.poll()
      }
    },
  }
}
