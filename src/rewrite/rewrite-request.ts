/**
 * The request as the upstream will see it: the client's headers without everything that the gateway guards,
 * then what the gateway itself says. Only this file makes an `OutgoingRequest`, and it takes a `Grant` to do so.
 * @module
 */

import { splitQuery } from '../authenticate/query-parameters.ts'
import type { Grant } from '../authorize/grant.ts'
import type { Address } from '../client-address/address.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { Exchange } from '../request/exchange.ts'
import { type HeaderName, HeaderNameMemo } from '../request/header-name.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import {
  customaryCredentialHeaders,
  hopByHopHeaders,
  isProxyAsserted,
  restatedHeaders,
} from './header-names.ts'
import type { HeaderPairs } from './identity-headers.ts'
import type { Guard, PrivilegedHeaders } from './privileged-headers.ts'

class RewrittenRequest {
  readonly method: string
  /** Path and query as they go on the wire. */
  readonly target: string
  /** Private, so that no other object passes for a request that may leave. */
  readonly #headers: HeaderPairs
  readonly hasBody: boolean

  constructor(method: string, target: string, headers: HeaderPairs, hasBody: boolean) {
    this.method = method
    this.target = target
    this.#headers = headers
    this.hasBody = hasBody
  }

  get headers(): HeaderPairs {
    return this.#headers
  }
}

/** A request that may leave: authorized, cleaned, and exactly what was decided on. */
export type OutgoingRequest = RewrittenRequest

/** How one route rewrites requests. */
export interface RewriteRequestPlan {
  readonly privileged: PrivilegedHeaders
  readonly fromNonOwner: 'strip' | 'refuse'
  /** Shadow mode: what would be refused is stripped and reported. */
  readonly isShadow: boolean
  /** Header names, in lower case with `-`, that carry a credential or an identity on any route. */
  readonly credentialHeaders: ReadonlySet<string>
  readonly identityNames: ReadonlySet<string>
  readonly identityOf: (grant: Grant) => HeaderPairs
  readonly passesCredential: boolean
  /** Headers that do not go up where a token was let through. */
  readonly isWithheldFromTokens: ((folded: string) => boolean) | undefined
  /** Headers that this route reads a credential from: all that may go on. */
  readonly ownCredentialHeaders: ReadonlySet<string>
  /** Query parameters that carry a credential on this route, in lower case. */
  readonly queryParameters: ReadonlySet<string>
  /** The upstream's own Host, or `undefined` to preserve the client's. */
  readonly upstreamAuthority: string | undefined
}

/** Called when shadow mode strips what would be refused. */
type OnShadowed = (refusal: Refusal) => void

/** A request that was let through, and by what. */
export interface AuthorizedRequest {
  readonly exchange: Exchange
  readonly request: CanonicalRequest
  /** The path that was decided on. */
  readonly path: string
  readonly grant: Grant
  readonly client: Address
  /** What the upstream gets in place of the client's credential: names and values in turn. */
  readonly upstreamCredential: HeaderPairs
  /** The gateway's word on the grant; in the same form. */
  readonly assertion: HeaderPairs
}

export type RewriteRequest = (
  authorized: AuthorizedRequest,
  onShadowed: OnShadowed,
) => OutgoingRequest | Refusal

/** A `credential` goes on unless its request counts as anonymous; `tokenless` is what goes on only without a token. */
type Action = 'carry' | 'drop' | 'privileged' | 'credential' | 'tokenless'

interface Treatment {
  readonly action: Action
  /** The upstream's name, where a privileged header is translated. */
  readonly upstreamName: string | undefined
}

/** Compile how a route rewrites requests. */
export function compileRewriteRequest(plan: RewriteRequestPlan): RewriteRequest {
  const treatments = new HeaderNameMemo<Treatment>((name) => treatmentOf(name, plan))
  const { passesCredential, queryParameters } = plan
  const queryFor = (query: string, { kind }: Grant) =>
    queryParameters.size === 0 || (passesCredential && kind !== 'anonymous')
      ? query
      : splitQuery(query, queryParameters).kept

  return (authorized, onShadowed) => {
    const { request, path, grant } = authorized
    const headers: string[] = ['host', plan.upstreamAuthority ?? request.authority]
    const withheld = carryHeaders(headers, request.rawHeaders, treatments, grant)
    if (withheld && plan.fromNonOwner === 'refuse') {
      if (!plan.isShadow) return fromNonOwner
      onShadowed(fromNonOwner)
    }
    if (request.contentLength !== undefined) headers.push('content-length', request.contentLength)
    pushForwarded(headers, authorized)
    for (const text of plan.identityOf(grant)) headers.push(text)
    for (const text of authorized.assertion) headers.push(text)
    for (const text of authorized.upstreamCredential) headers.push(text)
    const target = path + queryFor(request.query, grant)
    return new RewrittenRequest(request.method, target, headers, request.hasBody)
  }
}

const fromNonOwner = refuse('privileged_header', 'a privileged header from somebody who is not an owner')

/** Carry what may go on, in order; whether a privileged header was withheld. */
function carryHeaders(
  headers: string[],
  rawHeaders: readonly string[],
  treatments: HeaderNameMemo<Treatment>,
  grant: Grant,
): boolean {
  let withheld = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const { action, upstreamName } = treatments.get(name)
    if (action === 'drop' || isWithheldFrom(grant, action)) continue
    if (action === 'privileged' && !grant.isOwner) withheld = true
    else headers.push(upstreamName ?? name, rawHeaders[index + 1] ?? '')
  }
  return withheld
}

function isWithheldFrom({ kind, token }: Grant, action: Action): boolean {
  if (action === 'credential') return kind === 'anonymous'
  return action === 'tokenless' && token !== undefined
}

function treatmentOf({ folded }: HeaderName, plan: RewriteRequestPlan): Treatment {
  const guard = plan.privileged.guardOf(folded)
  const action = guard === 'internal' || isRestated(folded, plan) ? 'drop' : actionOf(folded, guard, plan)
  return { action, upstreamName: plan.privileged.toUpstream.get(folded) }
}

function actionOf(folded: string, guard: Guard, plan: RewriteRequestPlan): Action {
  if (isCredential(folded, plan)) {
    // One that this route did not read was not decided on: no setting lets it go on.
    return plan.passesCredential && plan.ownCredentialHeaders.has(folded) ? 'credential' : 'drop'
  }
  if (plan.isWithheldFromTokens?.(folded)) return guard === 'privileged' ? 'drop' : 'tokenless'
  return guard === 'privileged' ? 'privileged' : 'carry'
}

function isRestated(folded: string, plan: RewriteRequestPlan): boolean {
  return (
    hopByHopHeaders.has(folded) ||
    restatedHeaders.has(folded) ||
    plan.identityNames.has(folded) ||
    isProxyAsserted(folded)
  )
}

function isCredential(folded: string, { credentialHeaders }: RewriteRequestPlan): boolean {
  return customaryCredentialHeaders.has(folded) || credentialHeaders.has(folded)
}

/** One hop, ours: whatever the client said about itself has been dropped (RFC 7239). */
function pushForwarded(headers: string[], { exchange, request, client }: AuthorizedRequest): void {
  const node = client.family === 6 ? `"[${client.text}]"` : client.text
  headers.push(
    'x-forwarded-for',
    client.text,
    'x-forwarded-host',
    request.authority,
    'x-forwarded-proto',
    exchange.scheme,
    'forwarded',
    `for=${node};host="${request.authority}";proto=${exchange.scheme}`,
    'x-request-id',
    exchange.id,
  )
}
