/**
 * Sends an authorized request to its upstream and the answer back, both streamed with backpressure. Nothing is
 * sent twice, but for a request without a body whose credential the upstream has refused, once, and for what the
 * settings of the upstream allow.
 * @module
 */

import type { Exchange } from '../request/exchange.ts'
import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import type { OutgoingRequest } from '../rewrite/rewrite-request.ts'
import { Http1Error } from './http1/http1-error.ts'
import { type FilterHeaders, type OnRefused, ResponseCarrier } from './response-carrier.ts'
import { requestUpgrade } from './tunnel/request-upgrade.ts'
import type { RouteTimeouts, UpstreamHead } from './upstream-client.ts'
import type { Upstream } from './upstreams.ts'

/** What the other stages have to say while a request is forwarded. */
export interface Forwarding {
  readonly filterHeaders: FilterHeaders
  /** Called at most once, and only while nothing has been written to the client. */
  readonly onRefused: OnRefused
  /** Told why a response that was begun is broken off. */
  readonly onBroken: OnRefused
  readonly timeouts: RouteTimeouts
  /**
   * Looks at the head of the answer before the client gets any of it: `undefined` carries it on, a refusal takes its
   * place, and a promise brings another credential to send the request with. Never rejects.
   */
  readonly inspect:
    | ((head: UpstreamHead) => undefined | Refusal | Promise<readonly string[] | Refusal>)
    | undefined
  /** The request with another credential. */
  readonly rewrite: (upstreamCredential: readonly string[]) => OutgoingRequest | Refusal
}

/** Send the request. The response goes straight to the client. */
export function forward(
  exchange: Exchange,
  { method, target, headers, hasBody }: OutgoingRequest,
  upstream: Upstream,
  forwarding: Forwarding,
): void {
  const { incoming, response } = exchange
  const { filterHeaders, onRefused, onBroken, inspect, timeouts } = forwarding
  // A client may leave while its token is looked up.
  if (response.destroyed) return
  if (upstream.requests >= upstream.requestsMax) {
    onRefused(busy(`more than ${upstream.requestsMax} requests`))
    return
  }
  if (exchange.upgrade !== undefined && upstream.tunnels >= upstream.tunnelsMax) {
    onRefused(busy(`more than ${upstream.tunnelsMax} tunnels`))
    return
  }
  // No interim answer is sent to a client of HTTP/1.0.
  const takesInterim = incoming.httpVersion !== '1.0'
  const expectsContinue = hasBody && exchange.awaitsContinue
  const intercept =
    inspect &&
    ((head: UpstreamHead) => {
      const verdict = inspect(head)
      if (verdict === undefined) return undefined
      return () => replaceAnswer(verdict, exchange, upstream, forwarding)
    })
  const carrier = new ResponseCarrier(response, upstream, {
    filterHeaders,
    onRefused,
    onBroken,
    intercept,
    takesInterim,
  })
  const body = hasBody ? exchange.takeBody() : undefined
  const { trace } = exchange.notes
  const request = { method, target, headers, body, expectsContinue, timeouts, trace }
  carrier.follow(
    exchange.upgrade === undefined
      ? upstream.client.send(request, carrier)
      : requestUpgrade(exchange, exchange.upgrade, request, upstream, carrier, filterHeaders),
  )
  if (timeouts.total !== undefined) boundTotal(exchange, carrier, timeouts.total)
}

function busy(reason: string): Refusal {
  return refuse('upstream_busy', reason, { retryAfterSeconds: 1 })
}

function boundTotal({ response }: Exchange, carrier: ResponseCarrier, totalMs: number): void {
  const error = () => new Http1Error('HTTP1_TOTAL_TIMEOUT', 'the answer took too long')
  const timer = setTimeout(() => carrier.fail(error()), totalMs)
  response.once('close', () => clearTimeout(timer))
}

/** The answer is not for the client: a refusal is, or the answer to the same request with another credential. */
async function replaceAnswer(
  verdict: Refusal | Promise<readonly string[] | Refusal>,
  exchange: Exchange,
  upstream: Upstream,
  forwarding: Forwarding,
): Promise<void> {
  const again = await requestAgain(verdict, forwarding)
  if (isRefusal(again)) forwarding.onRefused(again)
  else forward(exchange, again, upstream, { ...forwarding, inspect: undefined })
}

/** Nobody waits for what becomes of this: a defect on the way is a refusal, too. */
async function requestAgain(
  verdict: Refusal | Promise<readonly string[] | Refusal>,
  { rewrite }: Forwarding,
): Promise<OutgoingRequest | Refusal> {
  try {
    const credential = await verdict
    return isRefusal(credential) ? credential : rewrite(credential)
  } catch (error) {
    return refuse('internal_error', error instanceof Error ? error.message : 'an exception')
  }
}
