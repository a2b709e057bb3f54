/**
 * What the way in which one kind of legacy service speaks auth adds to the stages of a route. The stages know no
 * service by name; they ask the profile of the route where it has something to say.
 * @module
 */

import type { Credential } from '../authenticate/credential.ts'
import type { ReadAuthorization } from '../authenticate/extract-credential.ts'
import type { Grant } from '../authorize/grant.ts'
import type { Resource, Rule, RuleInput } from '../authorize/rules/rule.ts'
import type { Address } from '../client-address/address.ts'
import type { UpstreamHead } from '../forward/upstream-client.ts'
import type { BodySource } from '../request/body-peek.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { Exchange } from '../request/exchange.ts'
import type { Refusal } from '../request/refusal.ts'
import type { RenderRefusal } from '../request/refusal-message.ts'
import type { HeaderPairs } from '../rewrite/identity-headers.ts'
import type { Access, Token } from '../tokens/token.ts'

/** A request before anything was decided about it. */
export interface Visit {
  readonly exchange: Exchange
  readonly request: CanonicalRequest
  readonly client: Address
  readonly resource: Resource
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

/** Answers in the place of the service. Resolves when that is done, or with a refusal. */
export type Serve = () => Promise<Refusal | undefined>

/** A request with a body that may present a credential, and what its head presents. */
export interface BodyVisit {
  readonly request: CanonicalRequest
  readonly body: BodySource
  readonly inHead: Credential | undefined
}

/** Whatever a profile leaves out is as for any HTTP service. Compiled once for a route. */
export interface RouteProfile {
  /** What the service refuses before it looks at who asks. */
  readonly screen?: (request: CanonicalRequest) => Refusal | undefined
  /**
   * How to answer a request that the gateway serves by itself, whoever asks: who may is for the profile to find out.
   * `undefined` for all others. Nothing is done before what it yields is called.
   */
  readonly serve?: (visit: Visit) => Serve | undefined
  /** Reads `Authorization` in the service's own grammar, for this request, in place of the schemes of the route. */
  readonly readAuthorization?: ReadAuthorization
  /** The credential of a request with a body: that of its head, or one that the service finds in the body. Never rejects. */
  readonly credentialOfBody?: (visit: BodyVisit) => Promise<Credential | Refusal | undefined>
  /** Finds the token of a credential that is no token's text. `undefined` leaves it to the record of tokens. Never rejects. */
  readonly resolve?: (
    credential: Credential,
    client: Address,
    request: CanonicalRequest,
  ) => Token | Refusal | Promise<Token | Refusal> | undefined
  /** Says why a credential is none in the service's words (`detail`), or takes another refusal for it. */
  readonly explainRefusal?: (refusal: Refusal, credential: Credential, request: CanonicalRequest) => Refusal
  /** Decides about a request that presents no credential, in place of the 401. */
  readonly admitAnonymous?: (request: CanonicalRequest) => Grant | Refusal | Promise<Grant | Refusal>
  /** In place of the rules for bindings, paths and access: what a request names is read as the service reads it. */
  readonly rules?: readonly Rule[]
  /** The access that a token has here after every rule was met: its own at the most. */
  readonly standing?: (input: RuleInput) => Access | Refusal | Promise<Access | Refusal>
  /** How to answer a request that was let through, in the place of the service; `undefined` for all others. */
  readonly answer?: (granted: GrantedRequest) => Serve | undefined
  /** What the upstream gets in place of the client's credential. */
  readonly upstreamCredential?: (
    granted: GrantedRequest,
  ) => HeaderPairs | Refusal | Promise<HeaderPairs | Refusal>
  /** Called when the request is about to be sent with what `upstreamCredential` yielded. */
  readonly inspectAnswer?: (granted: GrantedRequest, sent: HeaderPairs) => InspectHead | undefined
  /** The head of an answer (names and values in turn) as the client is to see it, made of what the route lets it see. */
  readonly rewriteAnswer?: (headers: string[], request: CanonicalRequest) => string[]
  readonly renderRefusal?: RenderRefusal
  /** Headers (in lower case with `-`) that pass between gateway and upstream alone. */
  readonly isInternalHeader?: (folded: string) => boolean
  /** Headers (in lower case with `-`) that pass in neither direction where a token was let through. */
  readonly isWithheldFromTokens?: (folded: string) => boolean
  /** No request goes by this profile any more. Never throws. */
  readonly close?: () => void
}

/** Any HTTP service: nothing is different. */
export const httpProfile: RouteProfile = {}
