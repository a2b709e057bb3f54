/**
 * Headers and query parameters as Swift finds them: names of headers in every spelling that WSGI takes for the
 * same, and the pairs of a query as `urllib.parse.parse_qsl` reads them.
 * @module
 */

import { HeaderNameMemo } from '../../request/header-name.ts'
import { stripped, unquote } from './wsgi-text.ts'

/** The values of chosen headers, by folded name, without white space round them, in order of appearance. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>

const none: HeaderFields = new Map()

/** A reader of the chosen headers (folded names) out of raw ones, names and values in turn. */
export function headerReader(chosen: readonly string[]): (rawHeaders: readonly string[]) => HeaderFields {
  const known: ReadonlySet<string> = new Set(chosen)
  const names = new HeaderNameMemo(({ folded }) => (known.has(folded) ? folded : undefined))
  return (rawHeaders) => {
    let fields: Map<string, string[]> | undefined
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = names.get(rawHeaders[index] ?? '')
      if (name === undefined) continue
      fields ??= new Map()
      const values = fields.get(name)
      const value = stripped(rawHeaders[index + 1] ?? '')
      if (values === undefined) fields.set(name, [value])
      else values.push(value)
    }
    return fields ?? none
  }
}

/** One parameter of a query, decoded, a byte per character. */
export type Parameter = readonly [name: string, value: string]

const noParameters: readonly Parameter[] = []

/**
 * The parameters of a raw query. Older versions of Python split at `;` too: where the two readings differ, the
 * parameters of both are here. Swift takes the last one of a name; whoever refuses should look at all.
 */
export function parametersOf(query: string): readonly Parameter[] {
  if (query === '') return noParameters
  const fields = query.split('&')
  if (query.includes(';')) fields.push(...query.split(/[&;]/))
  return fields.filter((field) => field !== '').map(parameterOf)
}

function parameterOf(field: string): Parameter {
  const equals = field.indexOf('=')
  if (equals < 0) return [decoded(field), '']
  return [decoded(field.slice(0, equals)), decoded(field.slice(equals + 1))]
}

function decoded(text: string): string {
  return unquote(text.replaceAll('+', ' '))
}
