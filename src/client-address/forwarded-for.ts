/**
 * Reads the address in one element of a `Forwarded` header (RFC 7239, section 4), strictly: a hop that a
 * trusted proxy did not describe plainly is not guessed.
 * @module
 */

import { type Address, parseAddress } from './address.ts'

/** One `name=value` pair, or none, up to the next `;` or the end. Unambiguous, so that it never backtracks far. */
const pairPattern =
  /(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)"))?(;|$)/y

/** `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]` or `[2001:db8::1]:80`; the port may be obfuscated. */
const nodePattern = /^(?:([\d.]+)|\[([\da-f.]*:[\da-f:.]*)\])(?::(?:\d{1,5}|_[\w.-]+))?$/i

/**
 * The address of the element's `for`; `undefined` when the element is not in the grammar, repeats a
 * parameter, lacks `for`, or names an unknown or obfuscated node.
 */
export function parseForwardedFor(element: string): Address | undefined {
  const node = parameters(element)?.get('for')
  const [, v4, v6] = nodePattern.exec(node ?? '') ?? []
  return parseAddress(v4 ?? v6 ?? '')
}

function parameters(element: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  let separator: string | undefined = ';'
  pairPattern.lastIndex = 0
  while (separator === ';') {
    const pair = pairPattern.exec(element)
    if (pair === null) return undefined
    const [, name, token, quoted] = pair
    separator = pair[4]
    if (name === undefined) continue
    if (found.has(name.toLowerCase())) return undefined
    found.set(name.toLowerCase(), token ?? unquoted(quoted ?? ''))
  }
  return found
}

function unquoted(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}
