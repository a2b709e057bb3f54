/**
 * Ties a token to the resource that the path names. The route says which value each key must have; a token
 * without that key, or bound to a key that the route does not look at, is refused: a token narrowed to one
 * container must not pass where nobody asks for the container.
 * @module
 */

import { refuse } from '../../request/refusal.ts'
import type { Bindings } from '../../tokens/token.ts'
import type { Rule } from './rule.ts'

/** Covers every value of its key. */
const any = '*'

/** A binding's value on a route: text with `{parameter}` of the path in it. */
type Template = (parameters: Readonly<Record<string, string>>) => string

/**
 * Compile `bindings` and `ignoreBindings` of a route. Throws a `RangeError` that names a parameter which the
 * path pattern (with `parameterNames`) does not yield.
 */
export function compileBindingRule(
  bindings: Readonly<Record<string, string>>,
  ignored: readonly string[],
  parameterNames: readonly string[],
): Rule {
  const wanted = Object.entries(bindings).map(
    ([key, template]) => [key, compileTemplate(template, parameterNames)] as const,
  )
  const covered = new Set([...Object.keys(bindings), ...ignored])
  const coversAll = ignored.includes(any)

  return ({ token, resource }) => {
    for (const [key, template] of wanted) {
      const problem = problemOfValue(token.bindings, key, template(resource.parameters))
      if (problem !== undefined) return refuse('binding_mismatch', problem)
    }
    const uncovered = coversAll ? undefined : Object.keys(token.bindings).find((key) => !covered.has(key))
    return uncovered === undefined
      ? undefined
      : refuse('binding_mismatch', `the route does not look at the binding ${uncovered}`)
  }
}

function problemOfValue(bindings: Bindings, key: string, value: string): string | undefined {
  const values = Object.hasOwn(bindings, key) ? bindings[key] : undefined
  if (values === undefined) return `the token has no binding ${key}`
  return values.includes(value) || values.includes(any) ? undefined : `the token is bound to another ${key}`
}

function compileTemplate(template: string, parameterNames: readonly string[]): Template {
  const parts = template.split(/\{([^{}]*)\}/)
  const unknown = parts.find((part, index) => index % 2 === 1 && !parameterNames.includes(part))
  if (unknown !== undefined) throw new RangeError(`the path pattern has no parameter {${unknown}}`)
  if (parts.length === 3 && parts[0] === '' && parts[2] === '') {
    const name = parts[1] ?? ''
    return (parameters) => parameters[name] ?? ''
  }
  return (parameters) =>
    parts.map((part, index) => (index % 2 === 1 ? (parameters[part] ?? '') : part)).join('')
}
