/**
 * Proof of authorization. Nothing is forwarded without one, and only `grant` makes them; the rules of this
 * folder are its only callers.
 * @module
 */

import type { Access, Token } from '../tokens/token.ts'

/**
 * Why the request may pass: its token, the system token, a public route, a route that takes requests without a good
 * credential for anonymous ones, or shadow mode.
 */
export type GrantKind = 'token' | 'system' | 'public' | 'anonymous' | 'shadow'

class AuthorizedGrant {
  readonly kind: GrantKind
  /** Only for the first two kinds. */
  readonly token: Token | undefined
  /** Private, so that no other object passes for a grant. */
  readonly #access: Access

  constructor(kind: GrantKind, token: Token | undefined, access: Access) {
    this.kind = kind
    this.token = token
    this.#access = access
  }

  get access(): Access {
    return this.#access
  }

  /** May send and see privileged headers. */
  get isOwner(): boolean {
    return this.#access === 'owner'
  }
}

/** Proof that a request may pass, and with what standing. */
export type Grant = AuthorizedGrant

export function grant(kind: GrantKind, token: Token | undefined, access: Access): Grant {
  return new AuthorizedGrant(kind, token, access)
}
