/**
 * Answers in the words of Django REST Framework, which its clients cannot tell from those of the service.
 * @module
 */

import type { Exchange } from '../../request/exchange.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { RefusalMessage } from '../../request/refusal-message.ts'

/** The first authenticator there is one for sessions, so that it asks for nothing: no 401, no challenge. */
const notAuthenticated = [403, 'Authentication credentials were not provided.'] as const
const notPermitted = 'You do not have permission to perform this action.'
const notFound = 'Not found.'

/** A refusal; `detail` counts where what was sent is at fault. */
export function renderRefusal(
  { status, title, detail, retryAfterSeconds }: Refusal,
  requestId: string,
): RefusalMessage {
  const [shown, text] = status === 401 ? notAuthenticated : [status, sentenceOf(status, detail ?? title)]
  const body = detailBody(text)
  const headers = [...headersOf(body), 'x-request-id', requestId]
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds))
  return { status: shown, body, headers }
}

function sentenceOf(status: number, otherwise: string): string {
  if (status === 403) return notPermitted
  return status === 404 ? notFound : otherwise
}

export function answerMethodNotAllowed(exchange: Exchange, allowed: readonly string[]): void {
  const body = detailBody(`Method "${exchange.method}" not allowed.`)
  answer(exchange, 405, body, ['allow', allowed.join(', ')])
}

/** `document` is written as JSON. It may be a secret, so nobody is to keep it. */
export function answerCreated(exchange: Exchange, document: object): void {
  answer(exchange, 201, JSON.stringify(document), ['cache-control', 'no-store'])
}

export function answerNoContent(exchange: Exchange): void {
  answer(exchange, 204, '', [])
}

function answer(exchange: Exchange, status: number, body: string, more: readonly string[]): void {
  const { incoming, response } = exchange
  if (response.destroyed) return
  // Whoever waits for «100 Continue» may send its body or not: such a connection cannot be used again.
  if (incoming.headers.expect !== undefined) response.shouldKeepAlive = false
  const headers = body === '' ? [] : headersOf(body)
  response.writeHead(status, [...headers, ...more, 'x-request-id', exchange.id])
  response.end(body)
}

function detailBody(text: string): string {
  return JSON.stringify({ detail: text })
}

function headersOf(body: string): readonly string[] {
  return ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))]
}
