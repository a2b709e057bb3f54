/**
 * Puts proof of the grant into a header for the upstream. What was signed is sent again while enough of its life is left,
 * at once; another is signed ahead of its end, so that steady traffic never waits for a signature.
 * @module
 */

import type { Grant } from '../authorize/grant.ts'
import type { SignedStatement } from '../tokens/assertions/sign-statement.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import type { Access, Token } from '../tokens/token.ts'
import { GrantMemo } from './grant-memo.ts'
import type { HeaderPairs } from './identity-headers.ts'

/** Nothing where no token was let through. A promise only where a signature has to be waited for; it never is for known tokens. */
export type AssertGrant = (grant: Grant) => HeaderPairs | Promise<HeaderPairs>

export interface AssertGrantOptions {
  /** Name of the header. */
  readonly header: string
  /** The ring in force. */
  readonly keyRing: () => KeyRing
  readonly sign: (token: Token, access: Access, ring: KeyRing, now: number) => Promise<SignedStatement>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const nothing: HeaderPairs = []

/** For routes that assert nothing. */
export const assertNothing: AssertGrant = () => nothing

/** Compile `assertion` of a route. There is one assertion at the most for each record in memory and each access to it. */
export function compileAssertGrant(options: AssertGrantOptions): AssertGrant {
  const assertions = new GrantMemo<GrantAssertion>()
  return ({ token, access }) => {
    if (token === undefined) return nothing
    const known = assertions.get(token, access)
    if (known !== undefined) return known.pairs()
    const assertion = new GrantAssertion(token, access, options)
    assertions.set(token, access, assertion)
    return assertion.pairs()
  }
}

interface Held {
  readonly pairs: HeaderPairs
  /** It is good as long as this ring is in force. */
  readonly ring: KeyRing
  readonly issuedAt: number
  /** From then on another is signed while this one is sent. */
  readonly renewAt: number
  /** From then on another is waited for. */
  readonly goodUntil: number
}

/** The assertion about one grant, signed anew again and again. */
class GrantAssertion {
  readonly #token: Token
  readonly #access: Access
  readonly #options: AssertGrantOptions
  #held: Held | undefined
  /** Under way: whoever wants one signed by the same ring waits for it too. */
  #signing: { readonly ring: KeyRing; readonly pairs: Promise<HeaderPairs> } | undefined

  constructor(token: Token, access: Access, options: AssertGrantOptions) {
    this.#token = token
    this.#access = access
    this.#options = options
  }

  /** Allocates nothing while the held one is good. */
  pairs(): HeaderPairs | Promise<HeaderPairs> {
    const held = this.#held
    const ring = this.#options.keyRing()
    const now = this.#options.now()
    // Before its own beginning: the clock was set back.
    if (held?.ring !== ring || now < held.issuedAt || now >= held.goodUntil) return this.#sign(ring, now)
    // Should it fail, the held one goes on, and whoever finds it too old learns why.
    if (now >= held.renewAt && this.#signing === undefined) this.#sign(ring, now).catch(() => {})
    return held.pairs
  }

  #sign(ring: KeyRing, now: number): Promise<HeaderPairs> {
    if (this.#signing?.ring === ring) return this.#signing.pairs
    const signing = { ring, pairs: this.#signWith(ring, now) }
    this.#signing = signing
    const done = () => {
      if (this.#signing === signing) this.#signing = undefined
    }
    signing.pairs.then(done, done)
    return signing.pairs
  }

  async #signWith(ring: KeyRing, now: number): Promise<HeaderPairs> {
    const { header, sign } = this.#options
    const signed = await sign(this.#token, this.#access, ring, now)
    this.#held = { pairs: [header, signed.text.reveal()], ring, ...this.#timesOf(signed) }
    return this.#held.pairs
  }

  /** One that ends with its token is as good as any that could be signed later. */
  #timesOf({ issuedAt, expiresAt }: SignedStatement): Omit<Held, 'pairs' | 'ring'> {
    const life = expiresAt - issuedAt
    const isLast = expiresAt + 1_000 > (this.#token.expiresAt ?? Number.POSITIVE_INFINITY)
    return isLast
      ? { issuedAt, renewAt: Number.POSITIVE_INFINITY, goodUntil: Number.POSITIVE_INFINITY }
      : { issuedAt, renewAt: issuedAt + life / 2, goodUntil: issuedAt + (life * 3) / 4 }
  }
}
