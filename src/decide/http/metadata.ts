/**
 * Headers in which a proxy says what it holds. Each has to stand once: what the client wrote under the same name must not
 * pass for the proxy's word.
 * @module
 */

import { valuesOfHeader } from '../../request/header-name.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'

/** The values of headers (given in lower case), in their order. */
export function readMetadata<const Names extends readonly string[]>(
  rawHeaders: readonly string[],
  names: Names,
): { readonly [Place in keyof Names]: string } | Refusal {
  const values: string[] = []
  for (const name of names) {
    const [value, ...more] = valuesOfHeader(rawHeaders, name)
    if (value === undefined || value === '') return refuse('undecidable', `the question has no ${name}`)
    if (more.length > 0) return refuse('undecidable', `${name} stands twice in the question`)
    values.push(value)
  }
  return values as unknown as { readonly [Place in keyof Names]: string }
}

/** A WebSocket's handshake is a request of HTTP, whatever scheme a proxy has for it. */
const schemes: ReadonlyMap<string, 'http' | 'https'> = new Map([
  ['http', 'http'],
  ['ws', 'http'],
  ['https', 'https'],
  ['wss', 'https'],
])

export function readScheme(text: string): { readonly scheme: 'http' | 'https' } | Refusal {
  const scheme = schemes.get(text)
  return scheme === undefined
    ? refuse('undecidable', 'the client spoke neither http nor https to the proxy')
    : { scheme }
}

/**
 * The last hop is the proxy's own peer. What stands before it that peer has sent, and it is believed as far as the peer is:
 * it stays the header that it was.
 */
export function readPeer(
  rawHeaders: readonly string[],
): { readonly peer: string; readonly forwardedFor: readonly string[] } | Refusal {
  const hops = valuesOfHeader(rawHeaders, 'x-forwarded-for').join(',').split(',')
  const peer = hops.pop()?.trim()
  if (!peer) return refuse('undecidable', 'the question has no x-forwarded-for')
  return { peer, forwardedFor: hops.length === 0 ? [] : ['x-forwarded-for', hops.join(',')] }
}
