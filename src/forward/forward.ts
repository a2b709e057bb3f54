/**
 * Sends an authorized request to its upstream and the answer back, both streamed with backpressure. Nothing is
 * ever sent twice.
 * @module
 */

import type { Exchange } from '../request/exchange.ts'
import { refuse } from '../request/refusal.ts'
import type { OutgoingRequest } from '../rewrite/rewrite-request.ts'
import { type FilterHeaders, type OnRefused, ResponseCarrier } from './response-carrier.ts'
import type { Upstream } from './upstreams.ts'

/**
 * Send the request. The response goes straight to the client; `onRefused` is called at most once, and only
 * while nothing has been written to the client.
 */
export function forward(
  { incoming, response }: Exchange,
  { method, target, headers, hasBody }: OutgoingRequest,
  upstream: Upstream,
  filterHeaders: FilterHeaders,
  onRefused: OnRefused,
): void {
  // A client may leave while its token is looked up.
  if (response.destroyed) return
  if (upstream.requests >= upstream.requestsMax) {
    onRefused(refuse('upstream_busy', `more than ${upstream.requestsMax} requests`, { retryAfterSeconds: 1 }))
    return
  }
  if (hasBody && incoming.headers.expect !== undefined) response.writeContinue()
  const carrier = new ResponseCarrier(response, upstream, filterHeaders, onRefused)
  const body = hasBody ? incoming : undefined
  carrier.follow(upstream.client.send({ method, target, headers, body }, carrier))
}
