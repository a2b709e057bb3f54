/**
 * What the gateway has to know of a kind of token that another service made: how its text is recognised, which part of
 * it is looked up, and how the rest is proven. A new one is a file beside this one and a line in `foreign-formats.ts`.
 * @module
 */

/** Hashes on behalf of formats. Every one is computed here, so that they can be bounded and counted. */
export interface Hashes {
  /** At once, for secrets that are random enough to need no more. */
  digest(algorithm: 'sha256' | 'sha512', text: string): Buffer
  /** PBKDF2-HMAC-SHA-256, 32 bytes, off the event loop. Throws `StoreUnavailable` when too many are waiting. */
  pbkdf2(password: string, salt: string, iterations: number): Promise<Buffer>
}

/** What an import line tells of a token's text. */
export interface ForeignHash {
  /** The part that the record is looked up by; no secret. */
  readonly locator: string
  /** What the format verifies a text against, in a form of its own. */
  readonly verifier: string
  /** Rounds of the hash; 1 for a plain digest. Hashes of one format and cost take equally long. */
  readonly cost: number
  /** The text itself, only where it is public by nature. */
  readonly publicText?: string
}

export interface ForeignFormat {
  readonly name: 'gocd' | 'django-api-key' | 'sha256' | 'sentry-dsn'
  /** Whether the service takes a token in the very moment of its expiry, to the millisecond. */
  readonly isGoodAtExpiry?: true
  /** Fields of an import line that `read` takes, for whoever misspells them. */
  readonly fields: readonly string[]
  /** The hash in an import line, or a sentence on what is wrong with it. */
  read(fields: Readonly<Record<string, unknown>>): ForeignHash | string
  /** The locator of a text that may be of this format; `undefined` for every other. Costs no expensive hash. */
  recognise(text: string, hashes: Pick<Hashes, 'digest'>): string | undefined
  /**
   * Whether a recognised text is the one that `verifier` was made of. Computes one hash of the verifier's cost whatever
   * the outcome, and compares in constant time. Throws when the verifier is not of the form that `read` yields.
   */
  verify(text: string, verifier: string, hashes: Hashes): boolean | Promise<boolean>
  /** A verifier of that cost which nothing was made of, so that unknown locators cost what known ones do. */
  decoy(cost: number): string
}
