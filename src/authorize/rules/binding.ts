/**
 * Ties a token to the resource that the path names. The route says which value each key must have; a token
 * without that key, or bound to a key that the route does not look at, is refused: a token narrowed to one
 * container must not pass where nobody asks for the container.
 * @module
 */

import { compileTemplate } from '../../lib/template.ts'
import { refuse } from '../../request/refusal.ts'
import type { Bindings } from '../../tokens/token.ts'
import type { Resource, Rule } from './rule.ts'

/** Covers every value of its key. */
const any = '*'

/**
 * Compile `bindings` and `ignoreBindings` of a route. Throws a `RangeError` that names a parameter which neither
 * the path pattern nor a fact of the route (`parameterNames`) yields.
 */
export function compileBindingRule(
  bindings: Readonly<Record<string, string>>,
  ignored: readonly string[],
  parameterNames: readonly string[],
): Rule {
  const wanted = Object.entries(bindings).map(
    ([key, template]) =>
      [key, compileTemplate(template, parameterNames, 'parameter of the path pattern, and no fact')] as const,
  )
  const covered = new Set([...Object.keys(bindings), ...ignored])
  const coversAll = ignored.includes(any)

  return ({ token, resource }) => {
    for (const [key, template] of wanted) {
      const problem = problemOfValue(
        token.bindings,
        key,
        template((name) => knownOf(resource, name)),
      )
      if (problem !== undefined) return refuse('binding_mismatch', problem)
    }
    const uncovered = coversAll ? undefined : Object.keys(token.bindings).find((key) => !covered.has(key))
    return uncovered === undefined
      ? undefined
      : refuse('binding_mismatch', `the route does not look at the binding ${uncovered}`)
  }
}

function problemOfValue(bindings: Bindings, key: string, value: string | undefined): string | undefined {
  const values = Object.hasOwn(bindings, key) ? bindings[key] : undefined
  if (values === undefined) return `the token has no binding ${key}`
  if (value === undefined) return `nothing says which ${key} is meant`
  return values.includes(value) || values.includes(any) ? undefined : `the token is bound to another ${key}`
}

function knownOf({ parameters, facts }: Resource, name: string): string | undefined {
  if (Object.hasOwn(parameters, name)) return parameters[name]
  return facts !== undefined && Object.hasOwn(facts, name) ? facts[name] : undefined
}
