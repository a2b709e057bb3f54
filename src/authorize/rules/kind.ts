/**
 * Which kinds of token a route admits. An empty list admits none.
 * @module
 */

import { refuse } from '../../request/refusal.ts'
import type { TokenKind } from '../../tokens/token.ts'
import type { Rule } from './rule.ts'

export function compileKindRule(kinds: readonly TokenKind[]): Rule {
  const admitted: ReadonlySet<string> = new Set(kinds)
  return ({ token }) =>
    admitted.has(token.kind)
      ? undefined
      : refuse('kind_not_allowed', `kind ${token.kind} is not admitted by the route`)
}
