/**
 * What has changed since some version on one line of commits: enough to tell whether a record that was read at a later
 * version still holds.
 * @module
 */

import type { ClockReading, TokenChange } from '../ports.ts'

/** Ids whose last change is remembered; beyond it the oldest are forgotten, which costs look-ups and nothing else. */
const rememberedMax = 100_000

export class RememberedChanges {
  /** For each token and subject its last change; in the order of versions, so that the first is the oldest. */
  readonly #lastChange = new Map<string, { readonly version: number; readonly at: number }>()
  #line: string | undefined
  /** Every change after this version is remembered. */
  #floor = Number.POSITIVE_INFINITY

  get line(): string | undefined {
    return this.#line
  }

  /** Forgets everything: from now on changes after that version are taken. */
  begin({ version, line }: ClockReading): void {
    this.#lastChange.clear()
    this.#line = line
    this.#floor = version
  }

  /** In rising order of versions, without a gap; `at` is a time that never goes back. */
  take(changes: readonly TokenChange[], at: number): void {
    for (const { version, tokenId, subjectId } of changes) {
      for (const id of [tokenId, subjectId]) {
        if (id === undefined) continue
        this.#lastChange.delete(id)
        this.#lastChange.set(id, { version, at })
      }
    }
  }

  /** Forgets what was taken at `at` or before, and what is too much. */
  forget(at: number): void {
    for (const [id, change] of this.#lastChange) {
      if (change.at > at && this.#lastChange.size <= rememberedMax) return
      this.#lastChange.delete(id)
      this.#floor = change.version
    }
  }

  /** Whether every change after that version is remembered. */
  reachBackTo(version: number): boolean {
    return version >= this.#floor
  }

  /** Whether a record read at that version has not changed since. False also when that cannot be known. */
  leaveCurrent({ version, line }: ClockReading, tokenId: string, subjectId: string): boolean {
    return (
      line === this.#line &&
      this.reachBackTo(version) &&
      !this.#changedAfter(version, tokenId) &&
      !this.#changedAfter(version, subjectId)
    )
  }

  #changedAfter(version: number, id: string): boolean {
    const change = this.#lastChange.get(id)
    return change !== undefined && change.version > version
  }
}
