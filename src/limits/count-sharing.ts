/**
 * Tells the other replicas and workers what was counted here, and learns what they counted, behind the requests: nobody
 * waits for it. While Redis does not answer, what was counted is kept for when it does.
 * @module
 */

import type { Clock } from '../lib/clock.ts'
import type { CommonCounts } from './common-counts.ts'
import type { Use } from './window-counts.ts'

/** Between the end of one round and the start of the next. */
const intervalMs = 100

/** In one script. */
const usesPerScript = 100

export interface CountSharingOptions {
  readonly shared: CommonCounts
  readonly clock: Clock
}

/** Uses that were counted since they were last shared. */
export class CountSharing {
  readonly #options: CountSharingOptions
  readonly #due = new Set<Use>()
  #timer: NodeJS.Timeout | undefined
  #round = Promise.resolve()
  /** Rises for ever, so that no batch of this process is taken for another. */
  #batches = 0
  #isClosed = false

  constructor(options: CountSharingOptions) {
    this.#options = options
  }

  /** Uses that wait. */
  get size(): number {
    return this.#due.size
  }

  /** To be told of each use that was counted. */
  note(use: Use): void {
    this.#due.add(use)
    if (this.#timer === undefined && !this.#isClosed) this.#schedule()
  }

  forget(use: Use): void {
    this.#due.delete(use)
  }

  /** Shares all that is due. Never rejects. */
  share(): Promise<void> {
    this.#round = this.#round.then(() => this.#shareDue())
    return this.#round
  }

  /** Shares once more, and then no more. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.share()
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.share().then(() => {
        this.#timer = undefined
        if (this.#due.size > 0 && !this.#isClosed) this.#schedule()
      })
    }, intervalMs).unref()
  }

  async #shareDue(): Promise<void> {
    if (this.#due.size === 0) return
    const now = this.#options.clock.now()
    const byShard = new Map<number, Use[]>()
    for (const use of this.#due) {
      if (use.counts.remainingMs(use, now) <= 0) continue
      const shard = this.#options.shared.shardOf(use)
      const others = byShard.get(shard)
      if (others === undefined) byShard.set(shard, [use])
      else others.push(use)
    }
    this.#due.clear()
    await Promise.all(Array.from(byShard.values(), (uses) => this.#shareShard(uses, now)))
  }

  /** One script after the other; after a failure the rest waits for the next round. */
  async #shareShard(uses: readonly Use[], now: number): Promise<void> {
    for (let start = 0; start < uses.length; start += usesPerScript) {
      const batch = uses.slice(start, start + usesPerScript)
      for (const use of batch) this.#handOver(use)
      try {
        await this.#options.shared.add(batch, now)
      } catch {
        for (const use of uses.slice(start)) if (use.isHeld) this.#due.add(use)
        return
      }
    }
  }

  /** What was sent and not acknowledged goes again as it was; what was counted since waits until it is known. */
  #handOver(use: Use): void {
    if (use.sent > 0) {
      this.#due.add(use)
      return
    }
    use.sent = use.unsent
    use.unsent = 0
    use.batch = ++this.#batches
  }
}
