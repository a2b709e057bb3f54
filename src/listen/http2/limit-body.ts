/**
 * How long the body of one HTTP/2 request may take. Over HTTP/1 Node's server keeps that time; here streams share a
 * connection on which something else may always move.
 * @module
 */

import type { Exchange } from '../../request/exchange.ts'
import { refuse } from '../../request/refusal.ts'
import { sendRefusal } from '../send-refusal.ts'

/** A body that has not come whole `timeoutMs` after its head is answered 408, or breaks off the answer that has begun. */
export function limitBody(exchange: Exchange, timeoutMs: number): void {
  const { incoming, response } = exchange
  if (incoming.complete) return
  const timer = setTimeout(() => breakOff(exchange), timeoutMs).unref()
  const stop = () => clearTimeout(timer)
  incoming.once('end', stop)
  response.once('close', stop)
}

function breakOff(exchange: Exchange): void {
  const { incoming, response, notes } = exchange
  if (incoming.complete) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  const refusal = refuse('request_timeout', 'the body took longer than allowed')
  notes.refusal = refusal
  sendRefusal(exchange, refusal)
}
