/**
 * The lines of a head as an Envoy has them: raw, one by one, and each of them such as HTTP has.
 * @module
 */

import { METHODS } from 'node:http'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import type { HeaderMap } from './generated/envoy/config/core/v3/base_pb.ts'

/** Values of every line by their names in lower case, pseudo-headers included, in order of appearance. */
export type Lines = ReadonlyMap<string, readonly string[]>

const methods: ReadonlySet<string> = new Set(METHODS)
const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is this expression's purpose
const forbiddenInValue = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** Refuses values that are not given as the bytes that they are. */
export function readLines({ headers }: HeaderMap): Lines | Refusal {
  const lines = new Map<string, string[]>()
  for (const { key, value, rawValue } of headers) {
    if (value !== '')
      return refuse('undecidable', 'a value that is not raw (for ext_authz: set encode_raw_headers)')
    const text = Buffer.from(rawValue.buffer, rawValue.byteOffset, rawValue.byteLength).toString('latin1')
    const name = key.toLowerCase()
    if (!token.test(name.startsWith(':') ? name.slice(1) : name) || forbiddenInValue.test(text)) {
      return refuse('malformed_header', 'a header that HTTP does not have')
    }
    const before = lines.get(name)
    if (before === undefined) lines.set(name, [text])
    else before.push(text)
  }
  return lines
}

const pseudoHeaders = [':method', ':path', ':authority', ':scheme'] as const

/** The request with this head, if there is one reading of it. `peer` is the address of its client. */
export function requestOf(lines: Lines, peer: string): AskedRequest | Refusal {
  const [method, target, authority, scheme] = pseudoHeaders.map((name) => only(lines, name))
  if (method === undefined || target === undefined || authority === undefined) {
    return refuse('malformed_request', 'a method, path or authority that does not stand there once')
  }
  if (scheme !== 'http' && scheme !== 'https') return refuse('malformed_request', 'no scheme of HTTP')
  if (method === 'CONNECT' || !methods.has(method)) {
    return refuse('method_not_supported', 'not a method of requests')
  }
  if (lines.has('host')) return refuse('malformed_host', 'Host beside :authority')
  const fields = fieldsOf(lines, pseudoHeaders)
  return fields === undefined
    ? refuse('malformed_request', 'a pseudo-header that requests do not have')
    : { method, target, rawHeaders: ['host', authority, ...fields], peer, scheme }
}

/** Names and values in turn of all lines but these; `undefined` where there is another pseudo-header. */
export function fieldsOf(lines: Lines, pseudo: readonly string[]): readonly string[] | undefined {
  const fields: string[] = []
  for (const [name, values] of lines) {
    if (pseudo.includes(name)) continue
    if (name.startsWith(':')) return undefined
    for (const value of values) fields.push(name, value)
  }
  return fields
}

/** The value of what has to stand there once. */
export function only(lines: Lines, name: string): string | undefined {
  const values = lines.get(name)
  return values?.length === 1 ? values[0] : undefined
}
