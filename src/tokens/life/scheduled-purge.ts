/**
 * Purges by itself, once in an interval however many replicas there are: the store tells one of them to. Never while
 * a gateway starts, because each waits for a time of its own before it first asks.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'
import { type Purged, purgeTokens } from './purge-tokens.ts'

/** A replica asks so often within the interval, so that one that was down delays a purge by a part of it at most. */
const asksPerInterval = 12
/** Between two questions at the longest. */
const askMsMax = 3_600_000

export interface PurgeSettings {
  /** Between two purges of all replicas together. */
  readonly everyMs: number
  readonly olderThanMs: number
  readonly sessionsOlderThanMs: number
  /** Left out, the audit record is kept for ever. */
  readonly auditOlderThanMs: number | undefined
}

export interface ScheduledPurgeOptions extends PurgeSettings {
  readonly store: TokenRegistry
  /** This gateway, for the audit record. */
  readonly origin: string
  readonly clock: Clock
  readonly observer: { purged(removed: Purged | undefined): void }
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
  /** Between 0 and 1. */
  readonly random?: () => number
}

/** Its timer does not keep the process alive. */
export class ScheduledPurge {
  readonly #options: ScheduledPurgeOptions
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: ScheduledPurgeOptions) {
    this.#options = options
    this.#wait()
  }

  /** Lets the batch that is under way end, and begins no other. */
  async close(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#underWay
  }

  /** Half as long to half as long again, so that replicas that were started together do not ask together. */
  #wait(): void {
    const { everyMs, random = Math.random } = this.#options
    const delayMs = Math.min(everyMs / asksPerInterval, askMsMax) * (0.5 + random())
    this.#timer = setTimeout(() => {
      this.#underWay = this.#ask().finally(() => {
        if (!this.#stopping.signal.aborted) this.#wait()
      })
    }, delayMs).unref()
  }

  /** Never rejects: what fails is done at another time. */
  async #ask(): Promise<void> {
    const { store, everyMs, observer, log } = this.#options
    try {
      if (!(await store.beginTask('purge', everyMs))) return
      const removed = await this.#purge()
      observer.purged(removed)
      log.info(removed, 'what has long been dead was purged')
    } catch (error) {
      observer.purged(undefined)
      log.warn(
        { error },
        'what has long been dead could not be purged; it is tried again in the next interval',
      )
    }
  }

  #purge(): Promise<Purged> {
    const { store, clock, olderThanMs, sessionsOlderThanMs, auditOlderThanMs, origin } = this.#options
    const by = 'sallyport:purge'
    const { signal } = this.#stopping
    const ages = { olderThanMs, sessionsOlderThanMs, auditOlderThanMs }
    return purgeTokens(store, clock, { ...ages, by, origin, signal })
  }
}
