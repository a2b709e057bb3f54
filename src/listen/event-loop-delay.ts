/**
 * How late the event loop is, and whether that has been too much for a while: one pause, of a garbage collection or of
 * a machine that stood still, is not enough.
 * @module
 */

/** How often it is looked at. */
const sampleMs = 100
/** The share that the last look has in the smoothed delay. */
const weight = 1 / 4

/** Measures from its making until it is stopped. */
export class EventLoopDelay {
  readonly #limitMs: number
  readonly #timer: NodeJS.Timeout
  #sampledAtMs = performance.now()
  #smoothedMs = 0
  #isTooMuch = false

  /** Its timer does not keep the process alive. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
    this.#timer = setInterval(() => this.#sample(), sampleMs).unref()
  }

  /** From when the smoothed delay is beyond the limit until it is within half of it. */
  get isTooMuch(): boolean {
    return this.#isTooMuch
  }

  /** Smoothed. A single pause counts as no more than twice the limit. */
  get seconds(): number {
    return this.#smoothedMs / 1000
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Timers come first in a turn of the loop: what is judged by this sample are the requests that waited behind it. */
  #sample(): void {
    const now = performance.now()
    const delayMs = Math.max(0, now - this.#sampledAtMs - sampleMs)
    this.#sampledAtMs = now
    // Three looks in a row have to be that bad before the limit is passed.
    this.#smoothedMs += (Math.min(delayMs, 2 * this.#limitMs) - this.#smoothedMs) * weight
    this.#isTooMuch = this.#smoothedMs > (this.#isTooMuch ? this.#limitMs / 2 : this.#limitMs)
  }
}
