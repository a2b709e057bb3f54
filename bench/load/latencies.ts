/**
 * How long answers took, for clients of our own, and the line that they print at the end.
 * @module
 */

import { createHistogram } from 'node:perf_hooks'
import type { Load } from './traffic.ts'

export class Latencies {
  readonly #histogram = createHistogram()
  #refused = 0

  /** An answer came, to what was due at `dueMs` of the performance clock. */
  answered(dueMs: number, status = 200): void {
    this.#histogram.record(Math.max(1, Math.round((performance.now() - dueMs) * 1000)))
    if (status >= 400) this.#refused++
  }

  total(seconds: number): Load {
    const at = (percent: number) => this.#histogram.percentile(percent)
    return {
      requests: this.#histogram.count,
      refused: this.#refused,
      seconds,
      p50Us: at(50),
      p99Us: at(99),
      p999Us: at(99.9),
    }
  }
}
