/**
 * The facts of a route: what is looked up of a resource before the rules about it are judged, one after the other, since
 * a later one may need an earlier one. A fact that is not found is left out, so that nothing matches it.
 * @module
 */

import type { RuleInput } from '../authorize/rules/rule.ts'
import type { FactSettings } from '../config/schema/facts.ts'
import type { BodySource } from '../request/body-peek.ts'
import type { Refusal } from '../request/refusal.ts'
import { compileBodyFact } from './body-fact.ts'
import { compileLookUp, type LookUpContext } from './look-up.ts'
import { queryFact } from './query-fact.ts'

export type Facts = Readonly<Record<string, string>>

/** Never rejects: what could not be asked is a refusal. */
export type FindFacts = (input: RuleInput, body: BodySource) => Promise<Facts | Refusal>

/** What finding facts takes from the route. */
export interface FactsContext extends LookUpContext {
  readonly parameterNames: readonly string[]
}

type FindFact = (input: RuleInput, body: BodySource, found: Facts) => Promise<string | undefined | Refusal>

/** Throws a `RangeError` about a name that is taken, or that nothing bears. */
export function compileFacts(
  settings: Readonly<Record<string, FactSettings>>,
  context: FactsContext,
): FindFacts {
  const names = [...context.parameterNames]
  const finders: (readonly [name: string, find: FindFact])[] = []
  for (const [name, fact] of Object.entries(settings)) {
    if (names.includes(name)) throw new RangeError(`the path pattern has a parameter {${name}} already`)
    finders.push([name, compileFact(fact, names, context)])
    names.push(name)
  }

  return async (input, body) => {
    const found: Record<string, string> = {}
    for (const [name, find] of finders) {
      const value = await find(input, body, found)
      if (typeof value === 'object') return value
      if (value !== undefined) found[name] = value
    }
    return found
  }
}

function compileFact(settings: FactSettings, names: readonly string[], context: FactsContext): FindFact {
  if ('body' in settings) {
    const find = compileBodyFact(settings)
    return ({ request }, body) => find(request, body)
  }
  if ('query' in settings) return async ({ request }) => queryFact(request.query, settings.query)
  const lookUp = compileLookUp(settings, [...names], context)
  return ({ token, request, resource }, _, found) =>
    lookUp({ token, request, known: { ...resource.parameters, ...found } })
}
