/**
 * What is counted of limits on use, and of credentials that were throttled.
 * @module
 */

import { cellFamily, type Family, gaugeOf, gaugesOf } from './exposition.ts'
import { onceForEach } from './once-for-each.ts'
import type { LimitsToWatch } from './watched.ts'

/** Functions without `this`: each may be handed on by itself. */
export interface LimitMetrics {
  /** A request was beyond this limit, and refused unless its route is in shadow mode. */
  limited(limit: string): void
  /** A credential was not looked up, because too many from its address had been bad. */
  authenticationThrottled(): void
  /** Where it is read at a scrape how counts of use are kept. */
  watchLimits(limits: LimitsToWatch): void
}

/** Create them, and their families in the order in which they are shown. */
export function createLimitMetrics(): {
  readonly metrics: LimitMetrics
  readonly families: readonly Family[]
} {
  const limited = cellFamily('counter', 'sallyport_limited_total', 'Requests beyond a limit on use.')
  const throttled = cellFamily(
    'counter',
    'sallyport_authentications_throttled_total',
    'Credentials that were not looked up because too many from their address had been bad.',
  )
  let watched: LimitsToWatch | undefined
  const keys = gaugesOf('sallyport_limit_keys', 'Keys that this replica counts the use of, by limit.', () =>
    Array.from(watched?.sizes() ?? [], ([limit, held]) => [{ limit }, held] as const),
  )
  const alone = gaugeOf(
    'sallyport_limits_counted_alone',
    'Whether Redis does not answer, so that this replica counts use for itself.',
    () => watched?.isAlone(),
  )

  const limitedBy = onceForEach((limit: string) => limited.cell({ limit }))
  const throttledCell = throttled.cell()
  return {
    families: [limited, throttled, keys, alone],
    metrics: {
      limited: (limit) => {
        limitedBy(limit).value += 1
      },
      authenticationThrottled: () => {
        throttledCell.value += 1
      },
      watchLimits: (limits) => {
        watched = limits
      },
    },
  }
}
