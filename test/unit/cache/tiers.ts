/**
 * A memory tier and its feed over a held store, with time in the test's hands.
 * @module
 */

import { ChangeFeed } from '../../../src/tokens/cache/change-feed.ts'
import { MemoryTier } from '../../../src/tokens/cache/memory-tier.ts'
import { gateStore } from '../../../src/tokens/cache/store-gate.ts'
import { HeldStore } from './held-store.ts'

export const leaseMs = 900
export const graceMs = 60_000
export const ttlMs = 10_000

export interface Tiers {
  readonly store: HeldStore
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
  /** Milliseconds from the start on during which notices are sure to be heard; for ever unless given. */
  readonly attentiveMs?: number
  /** Half of what may be unless given. */
  readonly random?: () => number
}

export function buildTiers(plan: TiersPlan = {}): Tiers {
  const { entries = 100, retentionMs = 100_000, attentiveMs, random = () => 0.5 } = plan
  const startedAt = 1_000_000
  let now = startedAt
  const store = new HeldStore()
  const seen: string[] = []
  const told: string[] = []
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
  const memory = new MemoryTier({
    settings: { entries, ttl: ttlMs, absentTtl: 1_000, absentEntries: 2 },
    outageGraceMs: graceMs,
    inner: gateStore(store, feed),
    feed,
    observer: { lookedUp: (tier, result) => seen.push(`${tier} ${result}`) },
    monotonic: () => now,
    random,
  })
  feed.follow(memory)
  return {
    store,
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
