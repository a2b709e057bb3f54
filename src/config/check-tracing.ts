/**
 * What the settings of tracing have to agree on: where spans go, and what is said there.
 * @module
 */

import { hopByHopHeaders, restatedHeaders } from '../rewrite/header-names.ts'
import type { Report } from './problems.ts'
import type { Settings } from './schema/settings.ts'

/** Longer ones would keep spans waiting for nothing. */
const timeoutMsMax = 60_000

export function checkTracing({ tracing }: Partial<Settings>, refuse: Report): void {
  if (tracing === undefined) return
  const { endpoint, headers, timeout } = tracing
  if (timeout > timeoutMsMax) refuse(['tracing', 'timeout'], 'expected at most 1m')
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    refuse(['tracing', 'endpoint'], 'expected a URL such as http://collector:4318/v1/traces')
  }
  for (const name of Object.keys(headers)) {
    const path = ['tracing', 'headers', name]
    if (endpoint === undefined) refuse(path, 'has no effect without tracing.endpoint; remove one of them')
    if (name === 'content-type' || hopByHopHeaders.has(name) || restatedHeaders.has(name)) {
      refuse(path, 'is said by the gateway itself')
    }
  }
}
