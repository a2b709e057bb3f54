/**
 * The request that an Envoy asks about, as its client sent it. What has been joined, repeated or left out on the way
 * here has more than one reading, and is refused.
 * @module
 */

import { METHODS } from 'node:http'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import type { AttributeContext_HttpRequest } from './generated/envoy/service/auth/v3/attribute_context_pb.ts'
import type { CheckRequest } from './generated/envoy/service/auth/v3/external_auth_pb.ts'

const methods: ReadonlySet<string> = new Set(METHODS)
const protocols: ReadonlySet<string> = new Set(['HTTP/1.0', 'HTTP/1.1', 'HTTP/2', 'HTTP/3'])
const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is this expression's purpose
const forbiddenInValue = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** Reads it, or refuses what Envoy's settings have not let through whole. */
export function readCheck({ attributes }: CheckRequest): AskedRequest | Refusal {
  const http = attributes?.request?.http
  if (http === undefined) return refuse('undecidable', 'a question without an HTTP request')
  const address = attributes?.source?.address?.address
  if (address?.case !== 'socketAddress' || address.value.address === '') {
    return refuse('undecidable', 'a question without the address of the client')
  }
  const read = readHeaders(http)
  if ('refused' in read) return read
  return requestOf(http, read, address.value.address)
}

/** Values of every line by their names, pseudo-headers included, in order of appearance. */
type Lines = ReadonlyMap<string, readonly string[]>

function readHeaders({ headers, headerMap }: AttributeContext_HttpRequest): Lines | Refusal {
  if (headerMap === undefined || Object.keys(headers).length > 0) {
    return refuse('undecidable', 'headers that may have been joined: set encode_raw_headers')
  }
  const lines = new Map<string, string[]>()
  for (const { key, value, rawValue } of headerMap.headers) {
    if (value !== '') return refuse('undecidable', 'a value that is not raw: set encode_raw_headers')
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

function requestOf(http: AttributeContext_HttpRequest, lines: Lines, peer: string): AskedRequest | Refusal {
  const [method, target, authority, scheme] = pseudoHeaders.map((name) => only(lines.get(name)))
  if (method === undefined || target === undefined || authority === undefined) {
    return refuse('malformed_request', 'a method, path or authority that does not stand there once')
  }
  if (scheme !== 'http' && scheme !== 'https') return refuse('malformed_request', 'no scheme of HTTP')
  if (method === 'CONNECT' || !methods.has(method) || !protocols.has(http.protocol)) {
    return refuse('method_not_supported', 'not a method of requests, or no protocol of them')
  }
  if (lines.has('host')) return refuse('malformed_host', 'Host beside :authority')
  const rawHeaders = ['host', authority]
  for (const [name, values] of lines) {
    if ((pseudoHeaders as readonly string[]).includes(name)) continue
    if (name.startsWith(':')) return refuse('malformed_request', 'a pseudo-header that requests do not have')
    for (const value of values) rawHeaders.push(name, value)
  }
  return { method, target, rawHeaders, peer, scheme }
}

function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined
}
