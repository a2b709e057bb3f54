/**
 * A service of several targets behind the port of a single one: each has its own connections, the one with the fewest
 * requests gets the next, and one that fails is left out for a while.
 * @module
 */

import type { ResponseReceiver, UpstreamCall, UpstreamClient, UpstreamRequest } from '../upstream-client.ts'
import { type Balance, BalancedCall } from './balanced-call.ts'
import { HealthProbe, type ProbeSettings } from './health-probe.ts'
import { RetryBudget } from './retry-budget.ts'
import type { Target } from './target.ts'
import { TargetChoice } from './target-choice.ts'
import { type Ejection, TargetHealth } from './target-health.ts'
import { TargetVisit } from './target-visit.ts'

/** Times in milliseconds. */
export interface BalancedOptions {
  readonly urls: readonly string[]
  /** The client of one target, with all its connections or, for probes, a single one. */
  readonly open: (url: string, connections?: number) => UpstreamClient
  readonly authority: string
  readonly connectMs: number
  readonly ejection: Ejection & { readonly statuses: readonly number[] }
  readonly health: ProbeSettings | undefined
  readonly retry: { readonly idempotent: boolean; readonly budget: number }
}

/** Hears of a target that is left out, or is back. */
export type OnTargetChange = (url: string, isUp: boolean, reason: string) => void

export class BalancedClient implements UpstreamClient {
  readonly #options: BalancedOptions
  readonly #targets: readonly Target[]
  readonly #balance: Balance
  #probes: readonly HealthProbe[] = []
  #isClosed = false

  constructor(options: BalancedOptions) {
    const { urls, open, ejection, connectMs, retry } = options
    this.#options = options
    this.#targets = urls.map((url) => {
      return { url, client: open(url), health: new TargetHealth(ejection), outstanding: 0 }
    })
    this.#balance = {
      choice: new TargetChoice(this.#targets),
      failureStatuses: new Set(ejection.statuses),
      connectMs,
      retryBudget: retry.idempotent ? new RetryBudget(retry.budget) : undefined,
    }
  }

  send(request: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall {
    this.#balance.retryBudget?.earn()
    const call = new BalancedCall(request, receiver, this.#balance)
    call.begin()
    return call
  }

  /** From now on targets are probed, where that was asked for, and changes are told. Once, after the start. */
  watch(onChange: OnTargetChange): void {
    const { health: settings, open, authority } = this.#options
    for (const { url, health } of this.#targets) {
      health.onChange = (isUp, reason) => onChange(url, isUp, reason)
    }
    if (settings === undefined || this.#isClosed) return
    this.#probes = this.#targets.map(
      ({ url, health }) => new HealthProbe(settings, open(url, 1), authority, health),
    )
  }

  /** Each target, and whether it gets requests. */
  states(): readonly { readonly url: string; readonly isUp: boolean }[] {
    return this.#targets.map(({ url, health }) => ({ url, isUp: health.isUp }))
  }

  /** Of the target that a request would go to now; for whoever connects there by other means. */
  visit(): TargetVisit {
    const target = this.#balance.choice.pick([], performance.now())
    if (target === undefined) throw new Error('an upstream without targets')
    return new TargetVisit(target, this.#balance.failureStatuses)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const parts = [...this.#probes, ...this.#targets.map(({ client }) => client)]
    await Promise.all(parts.map((part) => part.close()))
  }
}
