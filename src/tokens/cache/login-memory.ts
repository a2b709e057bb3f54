/**
 * The upstream sessions that this process knows, one for each subject. Whatever changes about a subject drops its
 * session, and keeps one out that was read or made before that change and arrives after it.
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { TokenChange } from '../ports.ts'
import type { UpstreamSession } from '../upstream-logins/upstream-login.ts'
import type { ChangeListener } from './change-feed.ts'

export interface HeldSession {
  readonly session: UpstreamSession
  /** Milliseconds since the epoch: from then on whoever uses it has another one fetched. */
  refreshAt: number
}

/** A session on its way into memory. */
interface Arrival {
  readonly subjectId: string
  isOutdated: boolean
}

/** Bounded; the session that was not used for longest goes first. Must follow the feed. */
export class LoginMemory implements ChangeListener {
  readonly #held: LRUCache<string, HeldSession>
  readonly #arrivals = new Set<Arrival>()

  constructor(entries: number) {
    this.#held = new LRUCache({ max: entries })
  }

  /** Whatever its age. Allocates nothing. */
  recall(subjectId: string): HeldSession | undefined {
    return this.#held.get(subjectId)
  }

  forget(subjectId: string): void {
    this.#held.delete(subjectId)
  }

  /**
   * Lets `work` read or make a session, and hold it with the function that it is given. That yields false, and holds
   * nothing, when the subject has changed since `work` began.
   */
  async receive<T>(
    subjectId: string,
    work: (hold: (held: HeldSession) => boolean) => Promise<T>,
  ): Promise<T> {
    const arrival = { subjectId, isOutdated: false }
    this.#arrivals.add(arrival)
    try {
      return await work((held) => {
        if (!arrival.isOutdated) this.#held.set(subjectId, held)
        return !arrival.isOutdated
      })
    } finally {
      this.#arrivals.delete(arrival)
    }
  }

  changed(changes: readonly TokenChange[]): void {
    for (const { subjectId } of changes) {
      if (subjectId === undefined) continue
      this.#held.delete(subjectId)
      for (const arrival of this.#arrivals) if (arrival.subjectId === subjectId) arrival.isOutdated = true
    }
  }

  reset(): void {
    this.#held.clear()
    for (const arrival of this.#arrivals) arrival.isOutdated = true
  }
}
