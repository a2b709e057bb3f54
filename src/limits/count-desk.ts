/**
 * The counts that the workers of one machine have in common where there is no Redis: the desk, at which the primary
 * keeps them, and the counts of a worker that asks there. Nothing that is said between them is ever lost while both live.
 * @module
 */

import { LRUCache } from 'lru-cache'
import { within } from '../lib/within.ts'
import { acknowledge, type CommonCounts, lifetimeMs } from './common-counts.ts'
import type { Use } from './window-counts.ts'

/** Of all limits together; one that is forgotten is told again by a worker that knows it. */
const keysMax = 200_000

/** What an exact limit waits for the primary. */
const takeMsMax = 1_000

/** One count: its name, the total that the worker has seen, and how long it is needed. */
interface Count {
  readonly key: string
  readonly known: number
  readonly lifetimeMs: number
}

export type CountQuestion =
  | { readonly kind: 'add'; readonly additions: readonly (Count & { readonly more: number })[] }
  | { readonly kind: 'take'; readonly count: Count; readonly limit: number }

/** Resolves with the totals of what was added, in the same order; with 0 for what was not to be had. */
export type AskDesk = (question: CountQuestion) => Promise<readonly number[]>

/** The primary's side. */
export class CountDesk {
  readonly #totals = new LRUCache<string, number>({ max: keysMax })

  answer(question: CountQuestion): readonly number[] {
    if (question.kind === 'add') {
      return question.additions.map((count) => this.#set(count, this.#totalOf(count) + count.more))
    }
    const total = this.#totalOf(question.count)
    return [total >= question.limit ? 0 : this.#set(question.count, total + 1)]
  }

  #totalOf({ key, known }: Count): number {
    return Math.max(this.#totals.get(key) ?? 0, known)
  }

  #set({ key, lifetimeMs }: Count, total: number): number {
    this.#totals.set(key, total, { ttl: lifetimeMs })
    return total
  }
}

/** A worker's side. */
export class DeskCounts implements CommonCounts {
  readonly #ask: AskDesk

  constructor(ask: AskDesk) {
    this.#ask = ask
  }

  shardOf(): number {
    return 0
  }

  async add(uses: readonly Use[], now: number): Promise<void> {
    const windows = uses.map(({ window }) => window)
    const additions = uses.map((use) => ({ ...countOf(use, now), more: use.sent }))
    const totals = await this.#ask({ kind: 'add', additions })
    for (const [index, use] of uses.entries()) {
      if (use.window === windows[index]) acknowledge(use, totals[index] ?? 0)
    }
  }

  async take(use: Use, limit: number, now: number): Promise<boolean> {
    const { window } = use
    const asked = this.#ask({ kind: 'take', count: countOf(use, now), limit })
    const [total = 0] = await within(takeMsMax, asked)
    if (use.window === window) use.known = Math.max(use.known, total === 0 ? limit : total)
    return total > 0
  }
}

function countOf(use: Use, now: number): Count {
  const key = `${use.counts.id} at ${use.window}: ${use.key}`
  return { key, known: use.known, lifetimeMs: lifetimeMs(use, now) }
}
