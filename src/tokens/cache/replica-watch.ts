/**
 * Whether the read replica is worth asking. It is looked at once a second; one that was found wanting, or failed
 * several look-ups in a row, is met by nothing else until it has been found well again.
 * @module
 */

import type { ReadReplica } from '../ports.ts'
import type { ChangeFeed } from './change-feed.ts'

const lookEveryMs = 1_000
const failuresBeforeLeaving = 3

export interface ReplicaWatchOptions {
  readonly replica: Pick<ReadReplica, 'readClock'>
  readonly feed: Pick<ChangeFeed, 'line' | 'remembersSince'>
  /** Called once for each change of state, or of the reason for it, which shows nothing of the URL. */
  readonly changed: (state: ReplicaState, reason: string) => void
}

export type ReplicaState = 'up' | 'down'

/** Must be started; its timer does not keep the process alive. */
export class ReplicaWatch {
  readonly #options: ReplicaWatchOptions
  #state: ReplicaState | undefined
  #reason = ''
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #underWay: Promise<void> | undefined
  #isStopped = false

  constructor(options: ReplicaWatchOptions) {
    this.#options = options
  }

  get state(): ReplicaState {
    return this.#state ?? 'down'
  }

  /** Resolves when it has been looked at once, whatever came of it. */
  async start(): Promise<void> {
    this.#underWay = this.look()
    await this.#underWay
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.start(), lookEveryMs).unref()
  }

  /** Resolves when no look is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#underWay
  }

  /** Looks at it now. Never rejects. */
  async look(): Promise<void> {
    const { replica, feed } = this.#options
    try {
      const { version, line } = await replica.readClock()
      if (line !== feed.line)
        this.#enter('down', 'it is no replica of the store, or has not heard of a fail-over yet')
      else if (!feed.remembersSince(version)) this.#enter('down', 'it is too far behind')
      else this.#enter('up', 'answering')
    } catch (error) {
      this.#enter('down', reasonOf(error))
    }
  }

  /** A look-up got an answer, of whatever worth. */
  answered(): void {
    this.#failures = 0
  }

  /** A look-up got none. */
  failed(error: unknown): void {
    this.#failures++
    if (this.#failures >= failuresBeforeLeaving) this.#enter('down', reasonOf(error))
  }

  #enter(state: ReplicaState, reason: string): void {
    this.#failures = 0
    if ((state === this.#state && reason === this.#reason) || this.#isStopped) return
    this.#state = state
    this.#reason = reason
    this.#options.changed(state, reason)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
