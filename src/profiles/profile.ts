/**
 * What the way in which one kind of legacy service speaks auth adds to the stages of a route. The stages know no
 * service by name; they ask the profile of the route where it has something to say.
 * @module
 */

import type { Grant } from '../authorize/grant.ts'
import type { Rule, RuleInput } from '../authorize/rules/rule.ts'
import type { Address } from '../client-address/address.ts'
import type { UpstreamHead } from '../forward/upstream-client.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { Exchange } from '../request/exchange.ts'
import type { Refusal } from '../request/refusal.ts'
import type { RenderRefusal } from '../request/refusal-message.ts'
import type { HeaderPairs } from '../rewrite/identity-headers.ts'
import type { Access } from '../tokens/token.ts'

/** A request before anything was decided about it. */
export interface Visit {
  readonly exchange: Exchange
  readonly request: CanonicalRequest
  readonly client: Address
}

/** A request that was let through. */
export interface GrantedRequest {
  readonly exchange: Exchange
  readonly request: CanonicalRequest
  readonly client: Address
  readonly grant: Grant
}

/**
 * What becomes of an answer, told by its head before the client gets any of it: `undefined` carries it on, a refusal
 * takes its place, and a promise brings another credential to send the request with once more. Never rejects.
 */
export type InspectHead = (head: UpstreamHead) => undefined | Refusal | Promise<HeaderPairs | Refusal>

/** Whatever a profile leaves out is as for any HTTP service. Compiled once for a route. */
export interface RouteProfile {
  /** What the service refuses before it looks at who asks. */
  readonly screen?: (request: CanonicalRequest) => Refusal | undefined
  /** Answers a request that the gateway serves by itself; `undefined` for all others. Resolves when it is answered, or with a refusal. */
  readonly serve?: (visit: Visit) => Promise<Refusal | undefined> | undefined
  /** Decides about a request that presents no credential, in place of the 401. */
  readonly admitAnonymous?: (request: CanonicalRequest) => Grant | Refusal | Promise<Grant | Refusal>
  /** In place of the rules for bindings, paths and access: what a request names is read as the service reads it. */
  readonly rules?: readonly Rule[]
  /** The access that a token has here after every rule was met: its own at the most. */
  readonly standing?: (input: RuleInput) => Access | Refusal | Promise<Access | Refusal>
  /** What the upstream gets in place of the client's credential. */
  readonly upstreamCredential?: (
    granted: GrantedRequest,
  ) => HeaderPairs | Refusal | Promise<HeaderPairs | Refusal>
  /** Called when the request is about to be sent with what `upstreamCredential` yielded. */
  readonly inspectAnswer?: (granted: GrantedRequest, sent: HeaderPairs) => InspectHead | undefined
  readonly renderRefusal?: RenderRefusal
  /** Headers (in lower case with `-`) that pass between gateway and upstream alone. */
  readonly isInternalHeader?: (folded: string) => boolean
  /** No request goes by this profile any more. Never throws. */
  readonly close?: () => void
}

/** Any HTTP service: nothing is different. */
export const httpProfile: RouteProfile = {}
