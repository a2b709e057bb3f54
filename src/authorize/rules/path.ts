/**
 * Paths that a token itself is narrowed to: prefixes of whole segments of the path that is forwarded.
 * @module
 */

import { refuse } from '../../request/refusal.ts'
import type { Rule } from './rule.ts'

export const tokenPathRule: Rule = ({ token, path }) => {
  if (token.paths === undefined || token.paths.some((prefix) => covers(prefix, path))) return undefined
  return refuse('path_not_allowed', 'outside the paths of the token')
}

function covers(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false
  return prefix.endsWith('/') || path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f
}
