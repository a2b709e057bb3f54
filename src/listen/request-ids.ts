/**
 * Ids of exchanges: unique among all replicas, cheap, and without meaning to an attacker.
 * @module
 */

import { randomBytes } from 'node:crypto'

/** A generator of ids such as `k3x9w0zq1c-2f`: the process by chance, the exchange by number. */
export function requestIds(): () => string {
  const prefix = randomBytes(8).readBigUInt64BE().toString(36)
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
}
