/**
 * Tells the upstream who was let through. The client's headers of these names are gone before these are set,
 * and a value can neither end a line nor leave ASCII: everything else is percent-encoded as UTF-8.
 * @module
 */

import type { Grant } from '../authorize/grant.ts'
import type { IdentityField } from '../config/schema/routes.ts'
import type { Token } from '../tokens/token.ts'
import { GrantMemo } from './grant-memo.ts'

/** Names and values in turn. */
export type HeaderPairs = readonly string[]

/** Compile `identityHeaders` of a route to a function of the grant. */
export function compileIdentityHeaders(
  fields: Readonly<Record<string, IdentityField>>,
): (grant: Grant) => HeaderPairs {
  const entries = Object.entries(fields)
  const made = new GrantMemo<HeaderPairs>()
  return ({ token, access }) => {
    if (token === undefined) return []
    const known = made.get(token, access)
    if (known !== undefined) return known
    const pairs = entries.flatMap(([name, field]) => {
      const text = headerText(textOf(field, token, access))
      return text === '' ? [] : [name, text]
    })
    made.set(token, access, pairs)
    return pairs
  }
}

function textOf(field: IdentityField, token: Token, access: Grant['access']): string {
  switch (field) {
    case 'subject':
      return token.subject.name
    case 'token-id':
      return token.id
    case 'token-kind':
      return token.kind
    case 'scopes':
      return token.scopes.join(' ')
    case 'access':
      return access
    case 'owner':
      return String(access === 'owner')
    default:
      return field satisfies never
  }
}

/** Printable ASCII as it is, but for `%`; all else as percent-encoded UTF-8, so that it decodes to what it was. */
export function headerText(text: string): string {
  return /^[\x20-\x24\x26-\x7e]*$/.test(text) ? text : percentEncoded(text)
}

function percentEncoded(text: string): string {
  const bytes = Buffer.from(text, 'utf8')
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}
