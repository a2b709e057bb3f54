/**
 * Scopes that a route needs: all of one list, and any of another. An empty `anyOf` is met by nobody.
 * @module
 */

import { refuse } from '../../request/refusal.ts'
import type { Rule } from './rule.ts'

/** Scopes of a route, as the settings have them. */
export interface ScopeSettings {
  readonly allOf?: readonly string[] | undefined
  readonly anyOf?: readonly string[] | undefined
}

/** `challenge` is the complete WWW-Authenticate of this refusal (RFC 6750 section 3.1). */
export function compileScopeRule({ allOf = [], anyOf }: ScopeSettings, challenge: string): Rule {
  return ({ token }) => {
    const has = (scope: string) => token.scopes.includes(scope)
    const missing = allOf.find((scope) => !has(scope))
    if (missing !== undefined) {
      return refuse('insufficient_scope', `scope ${missing} is missing`, { challenge })
    }
    if (anyOf !== undefined && !anyOf.some(has)) {
      return refuse('insufficient_scope', 'none of the scopes that would do', { challenge })
    }
    return undefined
  }
}
