/**
 * Every count of a gateway. It outlives configurations: a limit that a reload leaves alone goes on counting where it was.
 * Compiled limits ask it from the start; counts are shared with other replicas once it is opened with
 * Redis, or with the desk of the workers of one machine.
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { LimitSettings } from '../config/schema/limits.ts'
import type { RouteSettings } from '../config/schema/routes.ts'
import type { Clock } from '../lib/clock.ts'
import { type AskContext, type AskLimits, compileAskLimits } from './ask-limits.ts'
import type { CommonCounts } from './common-counts.ts'
import { type AskDesk, DeskCounts } from './count-desk.ts'
import { CountSharing } from './count-sharing.ts'
import { compileLimit, type Limit } from './limit.ts'
import { SharedCounts, type SharedCountsOptions } from './shared-counts.ts'
import { type Use, WindowCounts } from './window-counts.ts'

/** Keys of one limit in memory, some 400 bytes each. */
const keysMax = 100_000

/** What is asked about one request: `beforeLookup` by route and address, `afterGrant` by whoever was let through. */
export interface RouteLimits {
  readonly beforeLookup: AskLimits | undefined
  readonly afterGrant: AskLimits | undefined
}

export interface LimitServices {
  /** Counts are shared by all replicas. */
  readonly redis?: Pick<SharedCountsOptions, 'client' | 'prefix' | 'hash'>
  /** Without Redis: counts are shared by the workers of this machine. Without either the process counts for itself. */
  readonly askDesk?: AskDesk
  readonly onExceeded: (limit: string) => void
}

export class LimitBook {
  readonly #clock: Clock
  readonly #counts = new Map<string, WindowCounts>()
  #shared: CommonCounts | undefined
  #sharing: CountSharing | undefined
  #onExceeded: LimitServices['onExceeded'] = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** From now on counts are shared, and what is exceeded is told. */
  open({ redis, askDesk, onExceeded }: LimitServices): void {
    this.#onExceeded = onExceeded
    if (redis !== undefined) this.#shared = new SharedCounts({ ...redis, replica: randomUUID() })
    else if (askDesk !== undefined) this.#shared = new DeskCounts(askDesk)
    else return
    this.#sharing = new CountSharing({ shared: this.#shared, clock: this.#clock })
  }

  /** Shares what was counted last. The connection may be closed afterwards. */
  async close(): Promise<void> {
    await this.#sharing?.close()
  }

  /** The limits of one route; names that do not exist are passed over. */
  limitsOf(
    route: Pick<RouteSettings, 'limits' | 'mode'>,
    settings: Readonly<Record<string, LimitSettings>>,
  ): RouteLimits {
    const limits = Object.entries(settings)
      .filter(([name, { everyRoute }]) => everyRoute || route.limits.includes(name))
      .map(([name, limit]) => this.#limitOf(name, limit))
    const context: AskContext = {
      now: () => this.#clock.now(),
      shared: () => this.#shared,
      onExceeded: (name) => this.#onExceeded(name),
      isShadow: route.mode === 'shadow',
    }
    return {
      beforeLookup: compileAskLimits(
        limits.filter(({ needsToken }) => !needsToken),
        context,
      ),
      afterGrant: compileAskLimits(
        limits.filter(({ needsToken }) => needsToken),
        context,
      ),
    }
  }

  /** The counts of a limit, the same ones for as long as they are counted in the same way. */
  countsOf(label: string, by: LimitSettings['by'], perMs: number): WindowCounts {
    const id = `${label} by ${by.join(' ')} in ${perMs}`
    const known = this.#counts.get(id)
    if (known !== undefined) return known
    const counts = new WindowCounts({
      id,
      label,
      perMs,
      keysMax,
      onCounted: (use: Use) => this.#sharing?.note(use),
      onForgotten: (use: Use) => this.#sharing?.forget(use),
    })
    this.#counts.set(id, counts)
    return counts
  }

  /** Counts that a configuration does not have any more are dropped. */
  keepOnly(inForce: Readonly<Record<string, LimitSettings>>, others: readonly WindowCounts[]): void {
    const kept = new Set<WindowCounts>(others)
    for (const [name, { by, per }] of Object.entries(inForce)) kept.add(this.countsOf(name, by, per))
    for (const [id, counts] of this.#counts) if (!kept.has(counts)) this.#counts.delete(id)
  }

  /** How many keys each limit holds here. */
  *sizes(): Iterable<readonly [limit: string, keys: number]> {
    for (const { label, size } of this.#counts.values()) yield [label, size]
  }

  #limitOf(name: string, settings: LimitSettings): Limit {
    return compileLimit(name, settings, this.countsOf(name, settings.by, settings.per))
  }
}
