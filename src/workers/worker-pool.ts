/**
 * The workers of one machine: started one before the others, replaced when they end, told to reload and to drain.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../config/schema/settings.ts'
import type { CountDesk } from '../limits/count-desk.ts'
import type { Log } from '../observability/log.ts'
import type { WorkerMetrics } from '../observability/worker-metrics.ts'
import type { Place } from './messages.ts'
import { WorkerProcess, type WorkerProcessOptions } from './worker-process.ts'

/** Before a worker that ended is replaced: twice as long each time, until one has lived for `settledMs`. */
const delayMsMin = 100
const delayMsMax = 10_000
const settledMs = 10_000

/** Starts that fail one after another while nobody is open: then there is no gateway. */
const failuresMax = 5

export interface WorkerPoolOptions {
  readonly workers: number
  readonly settings: Settings
  readonly admin: Place
  readonly log: Log
  readonly out: WorkerProcessOptions['out']
  readonly metrics: Pick<WorkerMetrics, 'ended' | 'restarted'>
  readonly onInForce: (settings: Settings) => void
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #desk: CountDesk
  readonly #running = new Map<number, WorkerProcess>()
  readonly #closing = new AbortController()
  readonly #lost = Promise.withResolvers<never>()
  /** Of the last configuration that any worker put in force: a replacement never begins with a broken file. */
  #settings: Settings
  #failures = 0
  /** How long the next replacement waits, by the number of the worker. */
  readonly #delaysMs = new Map<number, number>()

  constructor(options: WorkerPoolOptions, desk: CountDesk) {
    this.#options = options
    this.#desk = desk
    this.#settings = options.settings
    this.#lost.promise.catch(() => {})
  }

  /** Rejects when no worker can be kept open. */
  get lost(): Promise<never> {
    return this.#lost.promise
  }

  get open(): readonly WorkerProcess[] {
    return [...this.#running.values()].filter(({ isOpen }) => isOpen)
  }

  /** The first by itself: it brings the schema up to date and finds out whether the port is free. Rejects, with all ended, when one fails. */
  async start(): Promise<Place> {
    try {
      const place = await this.#begin(1)
      const others = Array.from({ length: this.#options.workers - 1 }, (_, index) => this.#begin(index + 2))
      await Promise.all(others)
      return place
    } catch (error) {
      await this.close()
      throw error
    }
  }

  reload(): void {
    for (const worker of this.#running.values()) worker.reload()
  }

  /** Lets all drain at once, and resolves when the last has ended. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort()
    const running = [...this.#running.values()]
    for (const worker of running) worker.drain()
    await Promise.all(running.map(({ ended }) => ended))
  }

  #begin(number: number): Promise<Place> {
    const { workers, admin, out, onInForce } = this.#options
    const worker = new WorkerProcess({
      post: { number, workers, settings: this.#settings, admin },
      desk: this.#desk,
      out,
      onInForce: (settings) => {
        this.#settings = settings
        onInForce(settings)
      },
    })
    this.#running.set(number, worker)
    const beganAt = performance.now()
    let isOpened = false
    worker.opened.then(
      () => {
        isOpened = true
        this.#failures = 0
      },
      () => {},
    )
    void worker.ended.then((how) => {
      this.#running.delete(number)
      this.#options.metrics.ended(number)
      if (this.#closing.signal.aborted || !isOpened) return
      const { pid } = worker
      this.#options.log.error({ worker: number, pid, how }, 'a worker has ended, and is replaced')
      if (performance.now() - beganAt >= settledMs) this.#delaysMs.delete(number)
      void this.#replace(number)
    })
    return worker.opened
  }

  async #replace(number: number): Promise<void> {
    const { log, metrics } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      const delayMs = this.#delaysMs.get(number) ?? delayMsMin
      this.#delaysMs.set(number, Math.min(delayMs * 2, delayMsMax))
      try {
        await sleep(delayMs, undefined, { signal })
        metrics.restarted()
        await this.#begin(number)
        log.info({ worker: number }, 'a worker has taken the place of one that ended')
        return
      } catch (error) {
        if (signal.aborted) return
        log.error({ worker: number, error }, 'a worker could not start; it is tried again')
        this.#failures++
        if (this.open.length === 0 && this.#failures >= failuresMax) this.#lost.reject(givenUp(error))
      }
    }
  }
}

function givenUp(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`no worker is left, and none could be started: ${reason}`, { cause })
}
