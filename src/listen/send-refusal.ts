/**
 * The one place that answers a client with a refusal.
 * @module
 */

import { withRateLimit } from '../limits/rate-limit-fields.ts'
import type { Exchange } from '../request/exchange.ts'
import type { Refusal } from '../request/refusal.ts'
import type { RefusalMessage } from '../request/refusal-message.ts'
import { refusalMessage } from './refusal-body.ts'

/** How long a client may go on sending a body that nobody wants, so that it gets to read why. */
const lingerMs = 5_000

/** Answer with a refusal, in the gateway's own form unless given. Nothing of a response may have been sent before. */
export function sendRefusal(
  exchange: Exchange,
  refusal: Refusal,
  message: RefusalMessage = refusalMessage(refusal, exchange.id),
): void {
  const { incoming, response } = exchange
  if (response.destroyed || response.headersSent) return
  const { body, headers, status = refusal.status } = message
  // A client that waits for «100 Continue» may send its body or not, and one whose head is at fault may mean
  // another end of it (RFC 9112 section 6.3): such a connection cannot be used again.
  if (incoming.headers.expect !== undefined || isHeadInDoubt(refusal)) {
    response.shouldKeepAlive = false
  }
  response.writeHead(status, withRateLimit([...headers], exchange.notes.standings))
  response.end(body)
  if (!incoming.complete) linger(exchange)
}

/** What the gateway does not take, a proxy in front may have read as framing (`Transfer_Encoding`), or for another host. */
function isHeadInDoubt({ code }: Refusal): boolean {
  return code === 'malformed_request' || code === 'malformed_header' || code === 'malformed_host'
}

function linger({ incoming }: Exchange): void {
  const timer = setTimeout(() => incoming.destroy(), lingerMs).unref()
  incoming.once('close', () => clearTimeout(timer))
  incoming.once('end', () => clearTimeout(timer))
  incoming.resume()
}
