/**
 * What may be done to a key ring: a new key beside the others, another current one, an old one gone. Every
 * function returns a changed copy; none makes a key unknown that the ring still needs.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import { newRingEntry, type RingEntry, type RingMaterial } from './key-ring-text.ts'

/** `staged`: known to whoever has the ring, and not yet used for anything. */
export type KeyRole = 'current' | 'previous' | 'staged'

/** A key after the current one is staged, one before it is previous. */
export function roleOf(ring: RingMaterial, key: RingEntry): KeyRole {
  if (key === ring.current) return 'current'
  return ring.keys.indexOf(key) > ring.keys.indexOf(ring.current) ? 'staged' : 'previous'
}

/** A new key that every gateway can learn before anything is made with it. One that is staged already is kept. */
export function stageKey(ring: RingMaterial, clock: Clock): RingMaterial {
  if (stagedKey(ring) !== undefined) return ring
  return { ...ring, keys: [...ring.keys, newRingEntry(nextId(ring), clock)] }
}

/** Makes the staged key current, or a new one when none is staged. */
export function rotateKey(ring: RingMaterial, clock: Clock): RingMaterial {
  const staged = stageKey(ring, clock)
  return { ...staged, current: stagedKey(staged) ?? staged.current }
}

/** Without that key. Throws a `RangeError` for the current one, without which the ring could make nothing. */
export function retireKey(ring: RingMaterial, id: string): RingMaterial {
  if (ring.current.id === id) throw new RangeError(`key «${id}» is the current one: rotate first`)
  return { ...ring, keys: ring.keys.filter((key) => key.id !== id) }
}

function stagedKey(ring: RingMaterial): RingEntry | undefined {
  return ring.keys.find((key) => roleOf(ring, key) === 'staged')
}

/** `k1`, `k2`, …: one more than the highest in the ring; keys that people named otherwise do not count. */
function nextId({ keys }: RingMaterial): string {
  const numbers = keys.map(({ id }) => Number(/^k(\d{1,15})$/.exec(id)?.[1] ?? 0))
  return `k${Math.max(...numbers) + 1}`
}
