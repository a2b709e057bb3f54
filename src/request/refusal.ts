/**
 * Every expected «no», one row each: a stable code, the status, the sentence a client may read and who owns
 * the failure. A stage returns a `Refusal` as a value; a throw means that the gateway itself is broken.
 * @module
 */

import type { Token, TokenState } from '../tokens/token.ts'

/** Who has to act for the request to succeed next time; metrics and paging key off it. */
export type RefusalOwner = 'client' | 'credential' | 'policy' | 'platform' | 'upstream'

interface RefusalRow {
  readonly status: number
  readonly title: string
  readonly owner: RefusalOwner
}

const rows = {
  malformed_request: [400, 'The request is malformed.', 'client'],
  malformed_target: [400, 'The request target is not in canonical form.', 'client'],
  malformed_host: [400, 'The Host header is missing, repeated or malformed.', 'client'],
  malformed_header: [400, 'A request header is not acceptable.', 'client'],
  malformed_credential: [400, 'The credential is malformed.', 'client'],
  ambiguous_credential: [400, 'The request carries more than one credential.', 'client'],
  privileged_header: [403, 'Only an owner may send one of the request headers.', 'policy'],
  credential_required: [401, 'This resource needs a credential.', 'credential'],
  invalid_token: [401, 'The credential is not valid.', 'credential'],
  kind_not_allowed: [403, 'This kind of token is not accepted here.', 'policy'],
  insufficient_scope: [403, 'The token lacks a scope that this resource needs.', 'policy'],
  binding_mismatch: [403, 'The token is not bound to this resource.', 'policy'],
  path_not_allowed: [403, 'The token does not cover this path.', 'policy'],
  network_not_allowed: [403, 'The token may not be used from this network.', 'policy'],
  insufficient_access: [403, 'The token does not allow this method.', 'policy'],
  condition_not_met: [403, 'The policy of this resource does not admit the request.', 'policy'],
  upstream_login_missing: [403, 'The subject of the token has no login at the service.', 'policy'],
  body_too_long: [413, 'The body of the request is too long to be decided on.', 'client'],
  not_found: [404, 'There is nothing here.', 'client'],
  rate_limited: [429, 'There were too many requests.', 'client'],
  too_many_failures: [429, 'There were too many failed authentications from this address.', 'credential'],
  method_not_supported: [501, 'The method is not supported.', 'client'],
  request_timeout: [408, 'The request took too long to arrive.', 'client'],
  too_many_headers: [431, 'The request headers are too many or too large.', 'client'],
  upstream_unreachable: [502, 'The upstream service could not be reached.', 'upstream'],
  upstream_invalid: [502, 'The upstream service gave no valid answer.', 'upstream'],
  upstream_timeout: [504, 'The upstream service did not answer in time.', 'upstream'],
  upstream_busy: [503, 'The upstream service is busy.', 'upstream'],
  overloaded: [503, 'The gateway is overloaded.', 'platform'],
  untrusted_proxy: [503, 'The proxy that asked has not proved itself to the gateway.', 'platform'],
  undecidable: [501, 'Only the gateway itself, as the proxy, can serve this request.', 'platform'],
  cannot_decide: [503, 'The request cannot be authorized right now.', 'platform'],
  internal_error: [500, 'The gateway failed to handle the request.', 'platform'],
} as const satisfies Record<string, readonly [number, string, RefusalOwner]>

/** The closed set of codes. A code, once published, is never renamed. */
export type RefusalCode = keyof typeof rows

/** Every code. */
export const refusalCodes = Object.keys(rows) as readonly RefusalCode[]

/** What a client is told, and what only the log learns. */
export interface Refusal extends RefusalRow {
  readonly refused: true
  readonly code: RefusalCode
  /** Why, for the log and `explain`; never sent to a client. Holds no secret. */
  readonly reason: string
  /** Complete value of `WWW-Authenticate`, where the status is 401, or 403 for want of scope (RFC 6750). */
  readonly challenge?: string
  /** Seconds for `Retry-After`, where trying again may help. */
  readonly retryAfterSeconds?: number
  /** What is wrong with this very request, for whoever sent it. Public. */
  readonly detail?: string
  /** The record that a refused credential proved to be of. Clients learn of it only where a profile answers as its service does. */
  readonly found?: { readonly token: Token; readonly state: TokenState }
}

/** Make a refusal from its row. `reason` explains it in the log. */
export function refuse(
  code: RefusalCode,
  reason: string,
  extra?: Pick<Refusal, 'challenge' | 'retryAfterSeconds' | 'detail' | 'found'>,
): Refusal {
  const [status, title, owner] = rows[code]
  return { refused: true, code, status, title, owner, reason, ...extra }
}

/** Tell a refusal from the value that a stage would have yielded. */
export function isRefusal(value: object): value is Refusal {
  return (value as Partial<Refusal>).refused === true
}
