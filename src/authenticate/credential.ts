/**
 * What a client presented: one secret text, and the way it came. Only `present` makes one, and only the
 * readers of this folder call it.
 * @module
 */

import { Secret } from '../lib/secret.ts'

/** The way a credential came; for DSN forms it decides which kind of token may answer. */
export type CredentialScheme =
  | 'bearer'
  | 'token'
  | 'api-key'
  | 'basic'
  | 'header'
  | 'query'
  | 'dsn'
  | 'auth-param'

class PresentedCredential {
  readonly scheme: CredentialScheme
  /** Private, so that no other object passes for a credential. */
  readonly #secret: Secret
  /** Project that a DSN names; the token must be bound to it. */
  readonly project: string | undefined

  constructor(scheme: CredentialScheme, secret: Secret, project: string | undefined) {
    this.scheme = scheme
    this.#secret = secret
    this.project = project
  }

  get secret(): Secret {
    return this.#secret
  }
}

/** Proof that a request presented exactly one well-formed credential. */
export type Credential = PresentedCredential

/** Why a credential cannot be read; for the log, without any part of it. */
export interface CredentialProblem {
  readonly problem: string
}

/** Longer texts are no token of ours, and are not worth a digest. */
export const credentialLengthMax = 4096

/** Wrap the text that a reader found. */
export function present(scheme: CredentialScheme, text: string, project?: string): Credential {
  return new PresentedCredential(scheme, new Secret(text), project)
}
