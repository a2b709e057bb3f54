/**
 * What the scripts in Redis do, told again on a map, with a memory that can be lost.
 * @module
 */

import type { BeatToSend, Hearing, NoticeMark, Roll } from '../../../src/redis/notice-board.ts'

interface Options {
  readonly now: () => number
  /** To every replica that listens. */
  readonly publish: (hearing: Hearing) => void
}

export class SimulatedBoard {
  readonly #options: Options
  #epoch = 0
  #count = 0
  #replicas = new Map<string, { readonly until: number; heeded: NoticeMark | undefined }>()

  constructor(options: Options) {
    this.#options = options
  }

  forget(): void {
    this.#epoch = 0
    this.#count = 0
    this.#replicas = new Map()
  }

  /** Yields what is published on the replica's own channel. */
  beat(id: string, { sentAt, isLease, heeded }: BeatToSend, leaseMs: number): Hearing {
    const mark = this.#mark()
    if (isLease) this.#replicas.set(id, { until: this.#options.now() + leaseMs, heeded })
    return { mark, beat: { sentAt, isLease } }
  }

  heed(id: string, mark: NoticeMark): void {
    const entry = this.#replicas.get(id)
    if (entry !== undefined) entry.heeded = mark
  }

  post(): Roll {
    this.#mark()
    this.#count++
    this.#options.publish({ mark: this.#mark() })
    return this.roll()
  }

  roll(): Roll {
    const replicas = [...this.#replicas.values()].map((entry) => ({ ...entry }))
    return { now: this.#options.now(), mark: this.#mark(), replicas }
  }

  #mark(): NoticeMark {
    if (this.#epoch === 0) this.#epoch = this.#options.now()
    return { epoch: this.#epoch, count: this.#count }
  }
}
