/**
 * What a route makes of a decision: shadow mode lets a refused request pass and records the refusal, and
 * `onRefusal: not-found` hides a 403 behind the very 404 of a path that does not exist.
 * @module
 */

import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import { type Grant, grant } from './grant.ts'

/** The two settings of a route that bear on a decision. */
export interface ConcludeSettings {
  readonly mode: 'enforce' | 'shadow'
  readonly onRefusal: 'truthful' | 'not-found'
}

/** `onShadowed` is told what would have been refused. */
export function conclude(
  verdict: Grant | Refusal,
  settings: ConcludeSettings,
  onShadowed: (refusal: Refusal) => void,
): Grant | Refusal {
  if (!isRefusal(verdict)) return verdict
  if (settings.mode === 'shadow') {
    onShadowed(verdict)
    return grant('shadow', undefined, 'none')
  }
  return hideRefusal(verdict, settings)
}

/** The same hiding for a refusal that came after the decision. */
export function hideRefusal(refusal: Refusal, { onRefusal }: ConcludeSettings): Refusal {
  return onRefusal === 'not-found' && refusal.status === 403
    ? refuse('not_found', `hidden: ${refusal.code}: ${refusal.reason}`)
    : refusal
}
