/**
 * How connections to Redis are opened again.
 * @module
 */

export const connectTimeoutMs = 1_000
const reconnectDelayMaxMs = 2_000

/** Doubles from 50 ms to the cap; the random half keeps replicas from returning all at once. */
export function reconnectDelayMs(attempt: number): number {
  const delayMs = Math.min(50 * 2 ** (attempt - 1), reconnectDelayMaxMs)
  return Math.round(delayMs * (0.5 + Math.random() / 2))
}
