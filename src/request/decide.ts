/**
 * Authenticate, resolve, authorize: from a matched request to a grant or a refusal. The proxy and every other
 * door of the gateway ask this one function.
 * @module
 */

import type { Credential } from '../authenticate/credential.ts'
import { authorizeAnonymous, authorizePublic } from '../authorize/authorize.ts'
import type { Grant } from '../authorize/grant.ts'
import { accessOfMethod } from '../authorize/rules/access.ts'
import type { Address } from '../client-address/address.ts'
import type { Anonymity } from '../config/schema/routes.ts'
import type { Route } from '../route/route-table.ts'
import type { ResolveToken } from '../tokens/resolve-token.ts'
import type { Token } from '../tokens/token.ts'
import type { BodySource } from './body-peek.ts'
import type { CanonicalRequest } from './canonical-request.ts'
import type { ExchangeNotes } from './exchange.ts'
import { timed } from './exchange-trace.ts'
import type { RoutePlan } from './plan.ts'
import { isRefusal, type Refusal, refuse } from './refusal.ts'

/** What is decided about. */
export interface Question {
  readonly request: CanonicalRequest
  readonly route: Route<RoutePlan>
  readonly client: Address
  /** Stands for the client's connection, and lives as long. */
  readonly connection: object
  readonly body: BodySource
}

type Verdict = Grant | Refusal | Promise<Grant | Refusal>

/** Decide about a request. A token that memory knows is decided on at once, without a promise. */
export function decide(question: Question, resolveToken: ResolveToken, notes: ExchangeNotes): Verdict {
  const { request, route, body } = question
  const { isPublic, extractCredential, profile } = route.plan
  if (isPublic) return authorizePublic()

  const inHead = extractCredential(request)
  if (profile.credentialOfBody === undefined || !request.hasBody || (inHead && isRefusal(inHead))) {
    return decideOn(inHead, question, resolveToken, notes)
  }
  return profile
    .credentialOfBody({ request, body, inHead })
    .then((credential) => decideOn(credential, question, resolveToken, notes))
}

function decideOn(
  credential: Credential | Refusal | undefined,
  { request, route, client, connection, body }: Question,
  resolveToken: ResolveToken,
  notes: ExchangeNotes,
): Verdict {
  const { authorize, profile } = route.plan
  if (credential === undefined) return decideWithoutCredential(request, route.plan, client)
  if (isRefusal(credential)) return credential
  notes.credentialScheme = credential.scheme

  const judge = (token: Token | Refusal): Verdict => {
    if (isRefusal(token)) return judgeUnresolved(token, credential, request, route.plan)
    notes.tokenId = token.id
    notes.tokenKind = token.kind
    notes.subject = token.subject.name
    return timed(notes.trace, 'look up facts', authorize(token, request, route, client, body))
  }
  const found = profile.resolve?.(credential, client, request) ?? resolveToken(credential, client, connection)
  return found instanceof Promise ? timed(notes.trace, 'resolve token', found).then(judge) : judge(found)
}

function decideWithoutCredential(
  request: CanonicalRequest,
  { profile, missingCredential, admitPreflight, challenges }: RoutePlan,
  client: Address,
): Verdict {
  if (profile.admitAnonymous !== undefined) return profile.admitAnonymous(request)
  if (isNobodys(request, missingCredential)) return authorizeAnonymous()
  const granted = admitPreflight?.(request, client)
  return granted ?? refuse('credential_required', 'no credential', { challenge: challenges.required })
}

/** Only a credential that is known to be none makes a client anonymous; one that nobody could look up does not. */
function judgeUnresolved(
  refusal: Refusal,
  credential: Credential,
  request: CanonicalRequest,
  { profile, invalidCredential, challenges }: RoutePlan,
): Grant | Refusal {
  if (refusal.code !== 'invalid_token') return refusal
  if (isNobodys(request, invalidCredential)) return authorizeAnonymous()
  const explained = profile.explainRefusal?.(refusal, credential, request) ?? refusal
  return { ...explained, challenge: challenges.invalidToken }
}

function isNobodys({ method }: CanonicalRequest, anonymity: Anonymity): boolean {
  switch (anonymity) {
    case 'refuse':
      return false
    case 'anonymous':
      return true
    case 'anonymous-reads':
      return accessOfMethod(method) === 'read-only'
    default:
      return anonymity satisfies never
  }
}
