/**
 * Statements about tokens that the gateway signs and reads again (JWT, ES256). One names a token by the id of its record,
 * and is worth what the record says at the moment: it is no secret of the token's, and ends with it.
 * @module
 */

import { errors, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { SigningAlgorithm } from '../keys/signing-key.ts'
import { type SignedStatement, signStatement } from './sign-statement.ts'

/** What one kind of statement says besides whose it is. */
export interface AssertionKind<Content> {
  readonly issuer: string
  readonly audience: string
  readonly lifetimeMs: number
  /** How long a statement that has expired is still taken: clocks differ. */
  readonly leewayMs: number
  write(content: Content): JWTPayload
  /** `undefined` when the claims are not what `write` makes. */
  read(claims: JWTPayload): Content | undefined
}

export interface AssertionContext {
  /** The ring in force. */
  readonly keyRing: () => KeyRing
  readonly clock: Clock
}

export interface Assertion<Content> {
  /** Id of the token's record. */
  readonly tokenId: string
  readonly content: Content
  /** From then on it is not taken any more; milliseconds since the epoch. */
  readonly until: number
}

const type = 'JWT'
/** The only one that registries verify. */
const algorithm: SigningAlgorithm = 'ES256'
/** Statements that are known to be genuine. */
const rememberedMax = 20_000

export class Assertions<Content extends object> {
  readonly #kind: AssertionKind<Content>
  readonly #context: AssertionContext
  readonly #verified = new LRUCache<string, Assertion<Content>>({ max: rememberedMax })
  /** What is remembered was signed with a key of this ring. */
  #ring: KeyRing | undefined

  constructor(kind: AssertionKind<Content>, context: AssertionContext) {
    this.#kind = kind
    this.#context = context
  }

  /** Never outlives the token, whose end is `tokenExpiresAt`. */
  sign(tokenId: string, content: Content, tokenExpiresAt?: number): Promise<SignedStatement> {
    const { write, ...terms } = this.#kind
    const { keyRing, clock } = this.#context
    const claims = write(content)
    const statement = { ...terms, algorithm, type, subject: tokenId, claims, endsAt: tokenExpiresAt }
    return signStatement(statement, keyRing(), clock.now())
  }

  /** One that was verified before and is still taken, at once. */
  recall(text: Secret): Assertion<Content> | undefined {
    const ring = this.#remembering()
    const known = this.#verified.get(ring.digest(text).value)
    return known !== undefined && this.#context.clock.now() < known.until ? known : undefined
  }

  /** `expired`: it was genuine. `invalid`: it is none of these. Never rejects. */
  async verify(text: Secret): Promise<Assertion<Content> | 'expired' | 'invalid'> {
    const ring = this.#remembering()
    const assertion = await this.#verify(text, ring)
    if (typeof assertion === 'object' && ring === this.#remembering()) {
      this.#verified.set(ring.digest(text).value, assertion)
    }
    return assertion
  }

  async #verify(text: Secret, ring: KeyRing): Promise<Assertion<Content> | 'expired' | 'invalid'> {
    const { issuer, audience, leewayMs, read } = this.#kind
    try {
      const { payload } = await jwtVerify(
        text.reveal(),
        ({ kid }) => {
          const key = ring.signingKeys(algorithm).find(({ id }) => id === kid)
          if (key === undefined) throw new errors.JWKSNoMatchingKey()
          return key.publicKey
        },
        {
          algorithms: [algorithm],
          typ: type,
          issuer,
          audience,
          clockTolerance: leewayMs / 1_000,
          currentDate: new Date(this.#context.clock.now()),
          requiredClaims: ['sub', 'exp', 'nbf'],
        },
      )
      const content = read(payload)
      const { sub, exp } = payload
      if (sub === undefined || exp === undefined || content === undefined) return 'invalid'
      return { tokenId: sub, content, until: exp * 1_000 + leewayMs }
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'expired' : 'invalid'
    }
  }

  /** The ring in force. What was signed with a key of another is to be looked at again. */
  #remembering(): KeyRing {
    const ring = this.#context.keyRing()
    if (ring !== this.#ring) this.#verified.clear()
    this.#ring = ring
    return ring
  }
}
