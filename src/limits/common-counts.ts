/**
 * Counts that several processes have in common: in Redis, or with the primary of the workers of one machine.
 * @module
 */

import type { Use } from './window-counts.ts'

/** Every call rejects when nobody answers in time. */
export interface CommonCounts {
  /** Which shard a use is in; only uses of one are added together. */
  shardOf(use: Use): number
  /** Adds what was handed over of uses in one shard, and learns the totals. At least one, and not many. */
  add(uses: readonly Use[], now: number): Promise<void>
  /** Counts one more unless `limit` is reached, which holds for all processes together. */
  take(use: Use, limit: number, now: number): Promise<boolean>
}

/** The clocks of replicas may differ: the end of a window here is not yet its end everywhere. */
const outlivesMs = 60_000

/** What was handed over is known to all, and this is what all have together. */
export function acknowledge(use: Use, total: number): void {
  use.known = Math.max(use.known, total)
  use.sent = 0
}

/** How long the common count of a use must be kept. */
export function lifetimeMs(use: Use, now: number): number {
  return Math.ceil(Math.max(use.counts.remainingMs(use, now), 0)) + outlivesMs
}
