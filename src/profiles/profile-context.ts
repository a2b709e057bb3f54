/**
 * What a profile takes from its route when it is compiled.
 * @module
 */

import type { Upstream } from '../forward/upstreams.ts'
import type { TokenKind } from '../tokens/token.ts'
import type { FindServices } from './services.ts'

export interface ProfileContext {
  readonly upstream: Upstream
  /** Whether only an owner may send a header, by its name in lower case with `-`. */
  readonly isPrivileged: (folded: string) => boolean
  /** Kinds of token that the route admits. */
  readonly kinds: readonly TokenKind[]
  /** Whether the client's credential goes up as it came, whatever the profile would put in its place. */
  readonly passesCredential: boolean
  readonly findServices: FindServices
}
