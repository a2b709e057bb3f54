/**
 * What an upstream is told of a grant: who was let through, as what, on which route. It is made for one upstream and opens
 * nothing here: no part of the gateway takes it for a credential.
 * @module
 */

import type { KeyRing } from '../keys/key-ring.ts'
import type { SigningAlgorithm } from '../keys/signing-key.ts'
import type { Access, Token } from '../token.ts'
import { type SignedStatement, signStatement } from './sign-statement.ts'

/** What is the same in all assertions of a route. */
export interface AssertionTerms {
  readonly algorithm: SigningAlgorithm
  readonly issuer: string
  readonly audience: string
  readonly lifetimeMs: number
  /** Name of the route. */
  readonly route: string
}

const type = 'sallyport+jwt'

/** Never outlives the token. `access` is what the token has here. `now` in milliseconds since the epoch. */
export function signAssertion(
  token: Token,
  access: Access,
  { route, ...terms }: AssertionTerms,
  ring: KeyRing,
  now: number,
): Promise<SignedStatement> {
  const claims = {
    token_id: token.id,
    token_kind: token.kind,
    // No scope has a space in it (RFC 6749 section 3.3).
    scope: token.scopes.join(' '),
    access,
    owner: access === 'owner',
    bindings: token.bindings,
    route,
  }
  const statement = { ...terms, type, subject: token.subject.name, claims, endsAt: token.expiresAt }
  return signStatement(statement, ring, now)
}
