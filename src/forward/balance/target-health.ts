/**
 * Whether a target gets requests, by what requests and probes met there. It is a circuit breaker: after so many failures in a
 * row it opens for a while that grows, then lets one request through, and that one decides.
 * @module
 */

/** See `upstreams.*.ejection`; times in milliseconds. */
export interface Ejection {
  readonly failures: number
  readonly outFor: number
  readonly outForMax: number
}

/** Hears of a change. `reason` is a code, or a fixed text. */
export type OnHealthChange = (isUp: boolean, reason: string) => void

/** Times are monotonic, in milliseconds. */
export class TargetHealth {
  readonly #ejection: Ejection
  readonly #random: () => number
  /** Replaced once somebody listens. */
  onChange: OnHealthChange = () => {}
  #failures = 0
  /** Times in a row that it was left out, while it did not stay in for long between them. */
  #ejections = 0
  #isOut = false
  #outSinceMs = Number.NEGATIVE_INFINITY
  #outUntilMs = 0
  #backSinceMs = Number.NEGATIVE_INFINITY
  #isFailingProbes = false

  /** `random` yields numbers from 0 up to 1. */
  constructor(ejection: Ejection, random: () => number = Math.random) {
    this.#ejection = ejection
    this.#random = random
  }

  get isUp(): boolean {
    return !this.#isOut && !this.#isFailingProbes
  }

  /** Whether it may get a request now, with so many under way there. */
  admits(nowMs: number, outstanding: number): boolean {
    if (this.#isFailingProbes) return false
    return !this.#isOut || (nowMs >= this.#outUntilMs && outstanding === 0)
  }

  /** A request that began then was answered. One from before the target was left out says nothing. */
  succeeded(begunAtMs: number, nowMs: number): void {
    if (begunAtMs < this.#outSinceMs) return
    this.#failures = 0
    if (!this.#isOut) return
    this.#backSinceMs = nowMs
    this.#change(() => {
      this.#isOut = false
    }, 'answered')
  }

  /** A request that began then failed, and the target may be to blame. */
  failed(begunAtMs: number, nowMs: number, reason: string): void {
    if (begunAtMs < this.#outSinceMs) return
    this.#failures++
    const isTrial = this.#isOut && nowMs >= this.#outUntilMs
    if (!isTrial && (this.#isOut || this.#failures < this.#ejection.failures)) return
    const { outFor, outForMax } = this.#ejection
    if (!isTrial && nowMs - this.#backSinceMs > outForMax) this.#ejections = 0
    const fullMs = Math.min(outForMax, outFor * 2 ** this.#ejections)
    this.#ejections++
    this.#failures = 0
    this.#outSinceMs = nowMs
    // Targets that failed together, and replicas that saw it, do not try again together.
    this.#outUntilMs = nowMs + fullMs * (0.5 + this.#random() / 2)
    this.#change(() => {
      this.#isOut = true
    }, reason)
  }

  /** What the probes say by now. */
  probed(isWell: boolean, reason: string): void {
    this.#change(() => {
      this.#isFailingProbes = !isWell
    }, reason)
  }

  #change(apply: () => void, reason: string): void {
    const before = this.isUp
    apply()
    if (this.isUp !== before) this.onChange(this.isUp, reason)
  }
}

/** An answer with this status came to a request that began then. */
export function judgeAnswer(
  health: TargetHealth,
  status: number,
  failureStatuses: ReadonlySet<number>,
  begunAtMs: number,
): void {
  const nowMs = performance.now()
  if (failureStatuses.has(status)) health.failed(begunAtMs, nowMs, `status ${status}`)
  else health.succeeded(begunAtMs, nowMs)
}
