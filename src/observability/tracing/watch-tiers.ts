/**
 * Finds out which tier knew the token of an exchange: tiers tell an observer of each look-up, but not whose it is. A look-up
 * that several exchanges wait for is told of the first.
 * @module
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { ExchangeTrace } from '../../request/exchange-trace.ts'
import type { LookupObserver, LookupResult } from '../../tokens/cache/measured-reader.ts'
import type { ResolveToken } from '../../tokens/resolve-token.ts'

/** The tier looked no further. */
const finalResults: ReadonlySet<LookupResult> = new Set(['hit', 'absent', 'stale'])

export class TierWatch {
  readonly #traces = new AsyncLocalStorage<ExchangeTrace>()

  /** Tells `observer` all that it is told. */
  watch(observer: LookupObserver): LookupObserver {
    return {
      lookedUp: (tier, result, durationMs) => {
        observer.lookedUp(tier, result, durationMs)
        if (!finalResults.has(result)) return
        const trace = this.#traces.getStore()
        if (trace !== undefined) trace.tier = tier
      },
    }
  }

  /** Resolves for one exchange. */
  resolveFor(trace: ExchangeTrace, resolve: ResolveToken): ResolveToken {
    return (credential, client, connection) =>
      this.#traces.run(trace, resolve, credential, client, connection)
  }
}
