/**
 * What a subject logs in to an upstream with, and what the upstream gave for it.
 * @module
 */

import type { Secret } from '../../lib/secret.ts'

export interface UpstreamLogin {
  readonly user: string
  readonly key: Secret
  /** `undefined` when nobody has logged in with it yet. */
  readonly session: UpstreamSession | undefined
}

export interface UpstreamSession {
  /** The upstream's own token. */
  readonly token: Secret
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** Where the upstream keeps what belongs to the user, if it says so. */
  readonly storageUrl: string | undefined
}
