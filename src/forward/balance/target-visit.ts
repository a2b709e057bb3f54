/**
 * A request that goes to a target over a connection of its own. The target counts it while it is under way, and its health
 * hears what became of it, as of any other request.
 * @module
 */

import { isFaultOfTarget } from './failures.ts'
import type { Target } from './target.ts'
import { judgeAnswer } from './target-health.ts'

export class TargetVisit {
  readonly #target: Target
  readonly #failureStatuses: ReadonlySet<number>
  #begunAtMs = 0
  #isUnderWay = false

  constructor(target: Target, failureStatuses: ReadonlySet<number>) {
    this.#target = target
    this.#failureStatuses = failureStatuses
  }

  get url(): string {
    return this.#target.url
  }

  /** The target is dialled. */
  began(): void {
    this.#isUnderWay = true
    this.#begunAtMs = performance.now()
    this.#target.outstanding++
  }

  answered(status: number): void {
    this.left()
    judgeAnswer(this.#target.health, status, this.#failureStatuses, this.#begunAtMs)
  }

  /** There was no answer. */
  failed(error: Error): void {
    this.left()
    if (isFaultOfTarget(error)) this.#target.health.failed(this.#begunAtMs, performance.now(), error.code)
  }

  /** It is under way no longer. Idempotent. */
  left(): void {
    if (!this.#isUnderWay) return
    this.#isUnderWay = false
    this.#target.outstanding--
  }
}
