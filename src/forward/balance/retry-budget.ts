/**
 * How often something may be sent once more: a share of the requests, so that a service in trouble is not asked twice as
 * much as it would be without trouble.
 * @module
 */

const reserve = 10

/** A bucket of tokens, full at first. */
export class RetryBudget {
  readonly #share: number
  #tokens = reserve

  /** Of each hundred requests, so many. */
  constructor(percent: number) {
    this.#share = percent / 100
    if (percent === 0) this.#tokens = 0
  }

  /** A request began. */
  earn(): void {
    this.#tokens = Math.min(reserve, this.#tokens + this.#share)
  }

  /** Whether one may be sent once more, which is then counted. */
  spend(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
