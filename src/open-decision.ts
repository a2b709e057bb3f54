/**
 * Opens the door for other proxies, which ask the gateway about the requests that they hold.
 * @module
 */

import type { Settings } from './config/schema/settings.ts'
import { DecisionDesk } from './decide/decision-desk.ts'
import { type DecisionServer, openDecisionServer } from './decide/http/decision-server.ts'
import { compileKnownProxies } from './decide/known-proxies.ts'
import type { Overload } from './listen/overload.ts'
import { requestIds } from './listen/request-ids.ts'
import type { Serving } from './listen/tell-story.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import { openCertificates } from './open-certificates.ts'

export interface DecisionParts {
  readonly inForce: () => Serving
  /** That of the data plane: both doors share what the gateway can do at once. */
  readonly overload: Overload
  readonly log: Log
  readonly metrics: Metrics
}

/** `undefined` where nobody may ask. What it opens is closed by `closers`, the listener first. */
export async function openDecision(
  { decision, listen }: Pick<Settings, 'decision' | 'listen'>,
  { inForce, overload, log, metrics }: DecisionParts,
  closers: (() => Promise<void>)[],
): Promise<DecisionServer | undefined> {
  if (decision === undefined) return undefined
  const certificates = openCertificates(decision.tls, log, metrics, closers)
  const desk = new DecisionDesk({ inForce, overload, nextId: requestIds(), timeoutMs: decision.timeout })
  const identify = compileKnownProxies(decision.proxies)
  return openDecisionServer({ decision, listen, certificates, desk, identify })
}
