/**
 * What a gateway does for its record beside serving: it notes when tokens were used, and removes what is old.
 * @module
 */

import { processOrigin } from './audit/origin.ts'
import type { Settings } from './config/schema/settings.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import type { Plan } from './request/plan.ts'
import { LastUsed } from './tokens/life/last-used.ts'
import { ScheduledPurge } from './tokens/life/scheduled-purge.ts'
import type { TokenRegistry } from './tokens/ports.ts'

interface UpkeepParts {
  readonly closers: (() => Promise<void>)[]
  readonly clock: Clock
}

/** Closed after the data plane, so that the uses of the last requests are recorded too. */
export function noteLastUses(
  intervalMs: number,
  store: TokenRegistry,
  log: Log,
  { closers, clock }: UpkeepParts,
): Plan['noteUse'] {
  if (intervalMs === 0) return () => {}
  const lastUsed = new LastUsed({ store, intervalMs, clock, log })
  closers.push(() => lastUsed.close())
  return ({ id }, client) => lastUsed.note(id, client)
}

/** Begun last and ended first: what is old can wait. */
export function purgeBySchedule(
  { every, olderThan, sessionsOlderThan, auditOlderThan }: Settings['store']['purge'],
  store: TokenRegistry,
  log: Log,
  metrics: Metrics,
  { closers, clock }: UpkeepParts,
): void {
  if (every === 0) return
  const schedule = {
    everyMs: every,
    olderThanMs: olderThan,
    sessionsOlderThanMs: sessionsOlderThan,
    auditOlderThanMs: auditOlderThan,
  }
  const origin = processOrigin('gateway')
  const purge = new ScheduledPurge({ ...schedule, store, origin, clock, log, observer: metrics })
  closers.push(() => purge.close())
}
