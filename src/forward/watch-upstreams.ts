/**
 * Tells metrics and the log which targets of the upstreams get requests.
 * @module
 */

import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Upstream } from './upstreams.ts'

/** Probes begin here too. To be called once, when the gateway starts. */
export function watchUpstreams(
  upstreams: ReadonlyMap<string, Upstream>,
  metrics: Pick<Metrics, 'watchUpstreamTargets'>,
  log: Log,
): void {
  for (const { name, balanced } of upstreams.values()) {
    balanced?.watch((target, isUp, reason) => {
      const fields = { upstream: name, target, reason }
      if (isUp) log.info(fields, 'a target of an upstream is back')
      else log.warn(fields, 'a target of an upstream is left out')
    })
  }
  metrics.watchUpstreamTargets(() =>
    [...upstreams.values()].flatMap(({ name, balanced }) =>
      (balanced?.states() ?? []).map(({ url, isUp }) => ({ upstream: name, target: url, isUp })),
    ),
  )
}
