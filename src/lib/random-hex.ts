/**
 * Random hexadecimal digits, drawn from the system's generator in large pieces, so that a few of them cost next to nothing.
 * @module
 */

import { randomFillSync } from 'node:crypto'

const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/** Two digits, in lower case, for each byte. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
