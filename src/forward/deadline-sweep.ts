/**
 * How often a pool looks at the deadlines of all its connections: one timer for them all.
 * @module
 */

import type { ConnectionTimeouts } from './upstream-client.ts'

/** Often enough for the shortest of them, within these bounds. */
const sweepMsMin = 20
const sweepMsMax = 500

export function sweepMs(timeouts: ConnectionTimeouts): number {
  const shortest = Math.min(...Object.values(timeouts))
  return Math.max(sweepMsMin, Math.min(sweepMsMax, shortest / 4))
}
