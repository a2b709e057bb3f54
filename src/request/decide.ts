/**
 * Authenticate, resolve, authorize: from a matched request to a grant or a refusal. The proxy and every other
 * door of the gateway ask this one function.
 * @module
 */

import { authorizePublic } from '../authorize/authorize.ts'
import type { Grant } from '../authorize/grant.ts'
import type { Address } from '../client-address/address.ts'
import type { Route } from '../route/route-table.ts'
import type { ResolveToken } from '../tokens/resolve-token.ts'
import type { Token } from '../tokens/token.ts'
import type { CanonicalRequest } from './canonical-request.ts'
import type { ExchangeNotes } from './exchange.ts'
import type { RoutePlan } from './plan.ts'
import { isRefusal, type Refusal, refuse } from './refusal.ts'

/** What is decided about. */
export interface Question {
  readonly request: CanonicalRequest
  readonly route: Route<RoutePlan>
  readonly client: Address
  /** Stands for the client's connection, and lives as long. */
  readonly connection: object
}

/** Decide about a request. A token that memory knows is decided on at once, without a promise. */
export function decide(
  { request, route, client, connection }: Question,
  resolveToken: ResolveToken,
  notes: ExchangeNotes,
): Grant | Refusal | Promise<Grant | Refusal> {
  const { isPublic, extractCredential, challenges, authorize, admitPreflight, profile } = route.plan
  if (isPublic) return authorizePublic()

  const credential = extractCredential(request)
  if (credential === undefined) {
    if (profile.admitAnonymous !== undefined) return profile.admitAnonymous(request)
    const granted = admitPreflight?.(request, client)
    return granted ?? refuse('credential_required', 'no credential', { challenge: challenges.required })
  }
  if (isRefusal(credential)) return credential
  notes.credentialScheme = credential.scheme

  const judge = (token: Token | Refusal): Grant | Refusal | Promise<Grant | Refusal> => {
    if (isRefusal(token)) {
      return token.status === 401 ? { ...token, challenge: challenges.invalidToken } : token
    }
    notes.tokenId = token.id
    notes.tokenKind = token.kind
    notes.subject = token.subject.name
    return authorize(token, request, route, client)
  }
  const found = resolveToken(credential, client, connection)
  return found instanceof Promise ? found.then(judge) : judge(found)
}
