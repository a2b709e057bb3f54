/**
 * What profiles work with once the gateway is open: they are compiled before there is a connection to anything.
 * @module
 */

import type { Clock } from '../lib/clock.ts'
import type { Announce } from '../tokens/cache/shared-announcement.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import type { Deriver } from '../tokens/life/derive-token.ts'
import type { TokenRegistry } from '../tokens/ports.ts'
import type { FailureWatch, ResolveRecord, ResolveToken } from '../tokens/resolve-token.ts'
import type { LogIn } from '../tokens/upstream-logins/session-source.ts'
import type { UpstreamLogins } from '../tokens/upstream-logins/upstream-logins.ts'

export interface ProfileServices {
  readonly registry: TokenRegistry
  /** The one in force now. */
  readonly keyRing: KeyRing
  readonly clock: Clock
  readonly resolveToken: ResolveToken
  /** To be called behind a change of tokens: resolves when it holds on every replica, or tells that this is not sure. */
  readonly announce: Announce
  /** For what the profile itself gave out in the name of a token, and has found to be genuine. */
  readonly resolveRecord: ResolveRecord
  /** For credentials that the profile has checked elsewhere; `resolveToken` asks and tells it by itself. */
  readonly failures: FailureWatch
  readonly networks: Pick<Deriver, 'isNetwork' | 'networkCovers'>
  /** The subjects' sessions at an upstream; `logIn` asks it, within `timeoutMs`. To be opened once by each profile. */
  openLogins(upstream: string, logIn: LogIn, timeoutMs: number): UpstreamLogins
  /** Nobody asks for these sessions any more. What is known of them stays, for whoever opens them anew. */
  closeLogins(logins: UpstreamLogins): void
}

/** Yields the services; throws before the gateway is open, when there is no request either. */
export type FindServices = () => ProfileServices

/** Keeps the place of the services until the gateway is open. */
export class ServiceDesk {
  #services: ProfileServices | undefined

  readonly find: FindServices = () => {
    if (this.#services === undefined) throw new Error('the gateway is not open yet')
    return this.#services
  }

  open(services: ProfileServices): void {
    this.#services = services
  }
}
