/**
 * The request that an Envoy asks about, as its client sent it. What has been joined, repeated or left out on the way
 * here has more than one reading, and is refused.
 * @module
 */

import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import type { CheckRequest } from './generated/envoy/service/auth/v3/external_auth_pb.ts'
import { readLines, requestOf } from './read-lines.ts'

const protocols: ReadonlySet<string> = new Set(['HTTP/1.0', 'HTTP/1.1', 'HTTP/2', 'HTTP/3'])

/** Reads it, or refuses what Envoy's settings have not let through whole. */
export function readCheck({ attributes }: CheckRequest): AskedRequest | Refusal {
  const http = attributes?.request?.http
  if (http === undefined) return refuse('undecidable', 'a question without an HTTP request')
  const address = attributes?.source?.address?.address
  if (address?.case !== 'socketAddress' || address.value.address === '') {
    return refuse('undecidable', 'a question without the address of the client')
  }
  const { protocol, headers, headerMap } = http
  if (headerMap === undefined || Object.keys(headers).length > 0) {
    return refuse('undecidable', 'headers that may have been joined: set encode_raw_headers')
  }
  if (!protocols.has(protocol)) return refuse('method_not_supported', 'no protocol of requests')
  const lines = readLines(headerMap)
  return isRefusal(lines) ? lines : requestOf(lines, address.value.address)
}
