/**
 * What a token may do in the storage: the place that the path names, the method on it, and every other place that the
 * request names in its headers. What a body names is nobody's to know, and asks for the whole account.
 * @module
 */

import type { Rule } from '../../authorize/rules/rule.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { refuse } from '../../request/refusal.ts'
import { type Access, accessLevels } from '../../tokens/token.ts'
import { problemOfPlace, spansAccounts, spansStorage } from './coverage.ts'
import { namedResources } from './named-resources.ts'
import type { SwiftPath } from './swift-path.ts'
import { pathOf } from './swift-request.ts'

/** The rules of a route to one upstream, in the order in which they speak. */
export function swiftRules(upstream: string): readonly Rule[] {
  return [placeRule(upstream), accessRule, namedRule(upstream)]
}

/** What is not in the storage is nobody's; the token is not sent there. */
function placeRule(upstream: string): Rule {
  return ({ token, request }) => {
    const path = pathOf(request)
    if (!('account' in path)) return undefined
    const problem = problemOfPlace(token, path, upstream)
    return problem === undefined ? undefined : refuse('binding_mismatch', problem)
  }
}

const accessRule: Rule = ({ token, request }) => {
  const least = neededAccess(pathOf(request), request.method)
  return accessLevels.indexOf(token.access) >= accessLevels.indexOf(least)
    ? undefined
    : refuse('insufficient_access', `access ${token.access} where ${least} is needed`)
}

/** As an account ACL grants it: read-write is for containers and objects, and the account itself is its owner's. */
function neededAccess(path: SwiftPath, method: string): Access {
  if (!('account' in path) || method === 'OPTIONS') return 'none'
  if (method === 'GET' || method === 'HEAD') return 'read-only'
  return path.kind === 'account' ? 'owner' : 'read-write'
}

function namedRule(upstream: string): Rule {
  return ({ token, request }) => {
    if (spansStorage(token, upstream)) return undefined
    const { resources, unbounded, unreadable } = named(request)
    if (unreadable !== undefined) return refuse('binding_mismatch', unreadable)
    if (unbounded !== undefined && !spansAccounts(token)) return refuse('binding_mismatch', unbounded)
    for (const place of resources) {
      const problem = problemOfPlace(token, place, upstream)
      if (problem !== undefined) return refuse('binding_mismatch', `a header names another place: ${problem}`)
    }
    return undefined
  }
}

function named(request: CanonicalRequest) {
  const { method, rawHeaders, query } = request
  return namedResources({ method, path: pathOf(request), query: query.slice(1), rawHeaders })
}
