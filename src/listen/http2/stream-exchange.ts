/**
 * The exchange on one HTTP/2 stream, which goes through the same story as one of HTTP/1.1.
 * @module
 */

import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Settings } from '../../config/schema/settings.ts'
import { Exchange } from '../../request/exchange.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import { refusalOfWish } from '../preamble.ts'
import { sendRefusal } from '../send-refusal.ts'
import { readHead } from './request-head.ts'
import { StreamRequest } from './stream-request.ts'
import { StreamResponse } from './stream-response.ts'

/** An exchange, and why it is refused before the story begins. */
export interface StreamExchange {
  readonly exchange: Exchange
  readonly refusal: Refusal | undefined
}

/** `raw` has names and values in turn, pseudo-headers included. */
export function streamExchange(
  id: string,
  stream: ServerHttp2Stream,
  raw: readonly string[],
  socket: Socket,
  { limits, timeouts }: Pick<Settings['listen'], 'limits' | 'timeouts'>,
): StreamExchange {
  const head = readHead(raw, !stream.endAfterHeaders, limits.headerBytes)
  const request = new StreamRequest(stream, socket, head)
  const response = new StreamResponse(stream, request, timeouts.idle)
  const exchange = new Exchange(id, head.target, request, response)
  if (!request.complete) boundBody(exchange, timeouts.request)
  return { exchange, refusal: head.refusal ?? refusalOfWish(exchange) }
}

/** A body that is not complete in time is refused, or costs its stream when the answer has begun. */
function boundBody(exchange: Exchange, timeoutMs: number): void {
  const { incoming, response, notes } = exchange
  const timer = setTimeout(() => {
    if (incoming.complete) return
    if (response.headersSent) {
      response.destroy()
      return
    }
    notes.refusal = refuse('request_timeout', 'the body was not complete in time')
    sendRefusal(exchange, notes.refusal)
  }, timeoutMs).unref()
  response.once('close', () => clearTimeout(timer))
}
