/**
 * What is refused before the story begins: what is not HTTP/1, methods and expectations that no gateway serves, and
 * framing that only HTTP/1.1 knows.
 * @module
 */

import type { Exchange } from '../request/exchange.ts'
import { type Refusal, refuse } from '../request/refusal.ts'

/** What is refused of HTTP/1 without a look at the rest of the head. */
export function refusalOfPreamble(exchange: Exchange): Refusal | undefined {
  const { httpVersion, headers } = exchange.incoming
  // Node's parser takes 0.9 and 2.0 for versions of this protocol.
  if (!/^1\.[01]$/.test(httpVersion)) return refuse('malformed_request', 'neither HTTP/1.1 nor 1.0')
  // RFC 9112 section 6.1: whatever forwarded it may not have known where its body ends.
  if (headers['transfer-encoding'] !== undefined && httpVersion === '1.0') {
    return refuse('malformed_request', 'a Transfer-Encoding in HTTP/1.0')
  }
  return refusalOfWish(exchange)
}

/** What is refused of a client that asks for what no gateway does, by whichever protocol. */
export function refusalOfWish({ method, incoming }: Exchange): Refusal | undefined {
  if (method === 'TRACE') return refuse('method_not_supported', 'TRACE')
  const { expect } = incoming.headers
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return refuse('malformed_header', 'an expectation other than 100-continue')
  }
  return undefined
}
