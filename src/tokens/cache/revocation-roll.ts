/**
 * Whether a notice is heeded everywhere: the side of whoever posted it, without clocks and connections.
 * @module
 */

import type { NoticeMark, Roll } from '../../redis/notice-board.ts'

/** By how much Redis keeps a lease longer than the replica that holds it, for clocks that run at different speeds. */
export const leaseMarginMs = 100

/** How long after the post of a notice every lease from before it has ended, whatever the roll says. */
export function horizonMs(leaseMs: number): number {
  return leaseMs + leaseMarginMs
}

/**
 * Whether no replica trusts what it held when `notice` was posted: each has heeded it, or its lease has ended. A server
 * that remembers for less than a lease may have forgotten a replica, or taken the place of one that knew it, and proves
 * nothing.
 */
export function isHeededByAll({ now, mark, replicas }: Roll, notice: NoticeMark, leaseMs: number): boolean {
  if (mark.epoch !== notice.epoch || now - notice.epoch < horizonMs(leaseMs)) return false
  return replicas.every(
    ({ until, heeded }) => until <= now || (heeded?.epoch === notice.epoch && heeded.count >= notice.count),
  )
}
