/**
 * What a profile takes from its route when it is compiled.
 * @module
 */

import type { CredentialSource } from '../config/schema/routes.ts'
import type { Upstream } from '../forward/upstreams.ts'
import type { TokenKind } from '../tokens/token.ts'
import type { FindServices } from './services.ts'

export interface ProfileContext {
  readonly upstream: Upstream
  /** Whether only an owner may send a header, by its name in lower case with `-`. */
  readonly isPrivileged: (folded: string) => boolean
  /** Where a token may be presented. */
  readonly credentials: readonly CredentialSource[]
  /** Kinds of token that the route admits. */
  readonly kinds: readonly TokenKind[]
  /** `shadow`: what the route would refuse is recorded, and passes. */
  readonly mode: 'enforce' | 'shadow'
  /** Whether the client's credential goes up as it came, whatever the profile would put in its place. */
  readonly passesCredential: boolean
  readonly findServices: FindServices
}
