/**
 * The rule of a route's CEL condition.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import { refuse } from '../../request/refusal.ts'
import { compileCondition } from './condition.ts'
import type { Rule } from './rule.ts'

/** Throws a `RangeError` with the parser's words when the expression is not valid. */
export function compileConditionRule(expression: string, clock: Clock): Rule {
  const condition = compileCondition(expression)
  return ({ token, request, resource, client }) => {
    const holds = condition.evaluate({
      token,
      resource: resource.parameters,
      facts: resource.facts ?? {},
      request: {
        method: request.method,
        host: request.host,
        path: resource.path,
        address: client.text,
        now: clock.now(),
      },
    })
    return holds ? undefined : refuse('condition_not_met', 'the condition of the route does not hold')
  }
}
