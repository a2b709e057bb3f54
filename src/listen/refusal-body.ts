/**
 * What a client reads of a refusal: a problem document (RFC 9457) with a stable code and the request's id,
 * and the headers that go with it. Only public text: the reason stays in the log.
 * @module
 */

import type { Refusal } from '../request/refusal.ts'
import type { RefusalMessage } from '../request/refusal-message.ts'

export function refusalMessage(refusal: Refusal, requestId: string): RefusalMessage {
  const { code, status, title, detail, challenge, retryAfterSeconds } = refusal
  const problem = { type: `urn:sallyport:refusal:${code}`, title, status, detail, code, requestId }
  const body = `${JSON.stringify(problem)}\n`
  const headers = [
    'content-type',
    'application/problem+json',
    'content-length',
    String(Buffer.byteLength(body)),
    'cache-control',
    'no-store',
    'x-request-id',
    requestId,
  ]
  if (challenge !== undefined) headers.push('www-authenticate', challenge)
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds))
  return { body, headers }
}
