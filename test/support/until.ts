/**
 * Waiting for something to come true, and how long that took.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for `condition`, and throws after `deadlineMs`. Returns how long it took, in milliseconds. */
export async function until(condition: () => unknown, deadlineMs = 10_000): Promise<number> {
  const startedAt = performance.now()
  while (!(await condition())) {
    if (performance.now() - startedAt > deadlineMs)
      throw new Error(`not within ${deadlineMs} ms: ${condition}`)
    await sleep(5)
  }
  return performance.now() - startedAt
}

/** Stands for an answer that never came: a request under way when its token is withdrawn is broken off. */
export function brokenOff(): { readonly status: number } {
  return { status: 0 }
}
