/**
 * Questions that may fail: where the service or the store cannot tell, nobody is taken for anything.
 * @module
 */

import { type Refusal, refuse } from '../request/refusal.ts'

/** What was found out. */
export interface Found<T> {
  readonly value: T
}

/** What `ask` yields, or 503; the reason is for the log. */
export async function attempt<T>(ask: () => T | Promise<T>): Promise<Found<T> | Refusal> {
  try {
    return { value: await ask() }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    return refuse('cannot_decide', reason, { retryAfterSeconds: 1 })
  }
}
