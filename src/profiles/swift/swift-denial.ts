/**
 * The gateway's refusals in the words of Swift, so that its clients read them as they read its own.
 * @module
 */

import { STATUS_CODES } from 'node:http'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { RefusalMessage } from '../../request/refusal-message.ts'
import type { LoginProblem } from './login-request.ts'
import {
  badRequest,
  forbidden,
  malformed,
  notFound,
  ofHead,
  type SwiftPage,
  swiftPage,
  unauthorized,
} from './swift-refusals.ts'
import { realmOf } from './swift-request.ts'

const codes = { 400: 'malformed_request', 401: 'invalid_token', 404: 'not_found' } as const

/** The refusal of a login. It does not tell whether there is such a user, which Swift's own realm would. */
export function refuseLogin({ status, reason }: LoginProblem): Refusal {
  return refuse(codes[status], reason)
}

/** With the id of the request where Swift has that of its transaction, which clients show to people. */
export function renderSwiftRefusal(
  refusal: Refusal,
  requestId: string,
  request: CanonicalRequest,
): RefusalMessage {
  const page = request.method === 'HEAD' ? ofHead(pageFor(refusal, request)) : pageFor(refusal, request)
  const headers = [...page.headers.flat(), 'X-Trans-Id', requestId, 'X-Openstack-Request-Id', requestId]
  const { retryAfterSeconds } = refusal
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds))
  return { headers, body: page.body }
}

function pageFor({ code, status, title, detail }: Refusal, request: CanonicalRequest): SwiftPage {
  if (detail !== undefined) return badRequest(detail)
  if (code === 'malformed_request') return malformed()
  switch (status) {
    case 401:
      return unauthorized(realmOf(request))
    case 403:
      return forbidden()
    case 404:
      return notFound()
    default:
      return swiftPage(STATUS_CODES[status] ?? '', title)
  }
}
