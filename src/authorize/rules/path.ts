/**
 * Paths that a token itself is narrowed to: prefixes of whole segments of the path that is forwarded. A raw-exact
 * route forwards paths that servers read differently, `/v1/a/../b` among them; none of those is covered.
 * @module
 */

import { refuse } from '../../request/refusal.ts'
import { canonicalPath } from '../../route/canonical-path.ts'
import { prefixCovers } from '../../tokens/path-prefix.ts'
import type { Rule } from './rule.ts'

export const tokenPathRule: Rule = ({ token, resource }) => {
  if (token.paths === undefined) return undefined
  const canonical = canonicalPath(resource.path)
  if ('problem' in canonical) return refuse('path_not_allowed', canonical.problem)
  if (token.paths.some((prefix) => prefixCovers(prefix, canonical.path))) return undefined
  return refuse('path_not_allowed', 'outside the paths of the token')
}
