/**
 * How late the event loop is, and whether that has been too much for a while: one pause, of a garbage collection or of
 * a machine that stood still, is not enough.
 * @module
 */

/** How often it is looked at. */
const sampleMs = 100
/** The share that the last look has in the smoothed delay. */
const weight = 1 / 4

/** A delay that is smoothed, and judged by one limit for being too long and by half of it for being so no more. */
export class SmoothedDelay {
  readonly #limitMs: number
  #smoothedMs = 0
  #isTooLong = false

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  get isTooLong(): boolean {
    return this.#isTooLong
  }

  get seconds(): number {
    return this.#smoothedMs / 1000
  }

  /** One delay counts as no more than twice the limit, so that it takes three in a row to pass the limit. */
  note(delayMs: number): void {
    this.#smoothedMs += (Math.min(delayMs, 2 * this.#limitMs) - this.#smoothedMs) * weight
    this.#isTooLong = this.#smoothedMs > (this.#isTooLong ? this.#limitMs / 2 : this.#limitMs)
  }
}

/** That of the event loop, from its making until it is stopped. */
export class EventLoopDelay extends SmoothedDelay {
  readonly #timer: NodeJS.Timeout
  #sampledAtMs = performance.now()

  /** Its timer does not keep the process alive. */
  constructor(limitMs: number) {
    super(limitMs)
    this.#timer = setInterval(() => this.#sample(), sampleMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Timers come first in a turn of the loop: the requests that waited for this turn are judged with its delay. */
  #sample(): void {
    const now = performance.now()
    this.note(Math.max(0, now - this.#sampledAtMs - sampleMs))
    this.#sampledAtMs = now
  }
}
