/**
 * Whether the token's access suffices for the method, or for what the route asks.
 * @module
 */

import type { RouteSettings } from '../../config/schema/routes.ts'
import { refuse } from '../../request/refusal.ts'
import { type Access, accessLevels } from '../../tokens/token.ts'
import type { Rule } from './rule.ts'

type NeededAccess = RouteSettings['authorize']['access']

export function compileAccessRule(needed: NeededAccess): Rule {
  return ({ token, request }) => {
    const least = needed === 'by-method' ? accessOfMethod(request.method) : needed
    return rank(token.access) >= rank(least)
      ? undefined
      : refuse('insufficient_access', `access ${token.access} where ${least} is needed`)
  }
}

/** Methods that RFC 9110 section 9.2.1 calls safe read; every other one, known or not, writes. */
export function accessOfMethod(method: string): Access {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
      return 'read-only'
    default:
      return 'read-write'
  }
}

function rank(access: Access): number {
  return accessLevels.indexOf(access)
}
