/**
 * Which target gets a request: of those that are well, the one with the fewest under way, by turns where several have as
 * few. When none is well all of them are as good as any: somebody has to find out, and the client learns the truth.
 * @module
 */

import type { Target } from './target.ts'

export class TargetChoice {
  readonly #targets: readonly Target[]
  #turn = 0

  constructor(targets: readonly Target[]) {
    this.#targets = targets
  }

  /** A target that was not tried; `undefined` when all of them were. */
  pick(tried: readonly Target[], nowMs: number): Target | undefined {
    this.#turn = (this.#turn + 1) % this.#targets.length
    return (
      this.#leastBusy(
        (target) => !tried.includes(target) && target.health.admits(nowMs, target.outstanding),
      ) ?? this.#leastBusy((target) => !tried.includes(target))
    )
  }

  #leastBusy(isEligible: (target: Target) => boolean): Target | undefined {
    let best: Target | undefined
    for (let step = 0; step < this.#targets.length; step++) {
      const target = this.#targets[(this.#turn + step) % this.#targets.length]
      if (target === undefined || !isEligible(target)) continue
      if (best === undefined || target.outstanding < best.outstanding) best = target
    }
    return best
  }
}
