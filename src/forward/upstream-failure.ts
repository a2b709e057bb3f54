/**
 * What a failure of the upstream means to the client. The error's own words stay in the log: they name
 * addresses and ports that are nobody's business.
 * @module
 */

import { type Refusal, refuse } from '../request/refusal.ts'

/** The refusal for an error that came before the head of a response. */
export function refusalOf(error: Error & { readonly code?: string }): Refusal {
  switch (error.code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'HTTP1_CONNECT_TIMEOUT':
    case 'HTTP1_HEAD_TIMEOUT':
    case 'HTTP1_BODY_TIMEOUT':
    case 'HTTP1_TOTAL_TIMEOUT':
    case 'HTTP2_CONNECT_TIMEOUT':
    case 'HTTP2_HEAD_TIMEOUT':
    case 'HTTP2_BODY_TIMEOUT':
    case 'ETIMEDOUT':
      return refuse('upstream_timeout', error.code)
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'EACCES':
    case 'ECONNRESET':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EPIPE':
    case 'HTTP1_CLOSED':
    case 'HTTP2_CLOSED':
    case 'HTTP2_REFUSED':
      return refuse('upstream_unreachable', error.code)
    case 'HTTP1_RESPONSE':
    case 'HTTP1_ENDED':
    case 'HTTP2_PROTOCOL':
    case 'HTTP2_RESPONSE':
    case 'HTTP2_ENDED':
      return refuse('upstream_invalid', error.message)
    case 'HTTP2_BUSY':
      return refuse('upstream_busy', error.message, { retryAfterSeconds: 1 })
    case 'HTTP1_REQUEST':
    case 'HTTP2_REQUEST':
      return refuse('internal_error', error.message)
    default:
      return refuse('upstream_invalid', error.code ?? error.message)
  }
}
