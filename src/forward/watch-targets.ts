/**
 * Tells the log which targets of the upstreams get requests, and begins to probe them.
 * @module
 */

import type { Log } from '../observability/log.ts'
import type { Upstream } from './upstreams.ts'

/** Takes upstreams that are in force from now on; each is watched once, however often it is taken. */
export function createTargetWatch(log: Pick<Log, 'info' | 'warn'>): (upstreams: Iterable<Upstream>) => void {
  const watched = new WeakSet<Upstream>()
  return (upstreams) => {
    for (const upstream of upstreams) {
      if (watched.has(upstream)) continue
      watched.add(upstream)
      upstream.balanced?.watch((target, isUp, reason) => {
        const fields = { upstream: upstream.name, target, reason }
        if (isUp) log.info(fields, 'a target of an upstream is back')
        else log.warn(fields, 'a target of an upstream is left out')
      })
    }
  }
}
