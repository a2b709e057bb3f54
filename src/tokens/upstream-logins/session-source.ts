/**
 * Where a subject's session at an upstream comes from: the record, in which another replica may have put a later one,
 * or another login with what the record keeps.
 * @module
 */

import type { Act } from '../../audit/entry.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import { within } from '../../lib/within.ts'
import type { Sealer } from '../cache/sealed-entry.ts'
import type { LoginRecord, SealedLogin, StoredLogin } from './login-record.ts'
import { openLogin, sealLogin } from './sealed-login.ts'
import type { UpstreamLogin, UpstreamSession } from './upstream-login.ts'

/** Who keeps and removes logins that nobody keeps or removes by hand. */
const actor = 'sallyport:upstream-logins'

/** Unreadable logins that were told of; beyond it they are told of again. */
const toldMax = 1_000

/**
 * Asks the upstream. `refused` only when that says that user or key are wrong; throws when it cannot be asked, or
 * answers anything else. What it throws holds no secret.
 */
export type LogIn = (
  login: Pick<UpstreamLogin, 'user' | 'key'>,
  signal: AbortSignal,
) => Promise<UpstreamSession | 'refused'>

export interface SessionSourceOptions {
  /** Its name in the configuration. */
  readonly upstream: string
  readonly record: Pick<LoginRecord, 'read' | 'write' | 'remove'>
  /** Asked anew each time: the keys behind it may change. */
  readonly sealer: Sealer
  readonly logIn: LogIn
  /** Deadline of `logIn`. */
  readonly timeoutMs: number
  /** This gateway, for the audit record. */
  readonly origin: string
  readonly clock: Clock
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

export class SessionSource {
  readonly #options: SessionSourceOptions
  /** Revisions of logins that could not be read. */
  readonly #told = new Set<string>()

  constructor(options: SessionSourceOptions) {
    this.#options = options
  }

  /**
   * The recorded session if it has not ended and is not the stale one, else a new one, recorded in its place.
   * `absent`: there is no login, or the upstream has just refused it, which removes it. `again`: somebody else has
   * changed it meanwhile, and it is to be fetched once more. Throws `StoreUnavailable`, or what `logIn` throws.
   */
  async fetch(subjectId: string, stale: Secret | undefined): Promise<UpstreamSession | 'absent' | 'again'> {
    const { record, upstream, clock } = this.#options
    const stored = await record.read(subjectId, upstream)
    const login = stored && this.#open(stored)
    if (stored === undefined || login === undefined) return 'absent'
    const { session } = login
    const isUsable = session && clock.now() < session.expiresAt && !isSame(session.token, stale)
    return isUsable ? session : this.#logInAgain(stored, login)
  }

  /** Records a login in the place of any other; only the first one is an act. Yields false when the subject is deleted. */
  async put(subjectId: string, login: UpstreamLogin): Promise<boolean> {
    const { record } = this.#options
    const sealed = this.#seal(subjectId, login)
    if ((await record.write(sealed, { renewing: true })) !== undefined) return true
    return (await record.write(sealed, { act: this.#act('the upstream accepted it') })) !== undefined
  }

  async #logInAgain(
    { subjectId, revision }: StoredLogin,
    { user, key }: UpstreamLogin,
  ): Promise<UpstreamSession | 'absent' | 'again'> {
    const { upstream, record, logIn, timeoutMs, log } = this.#options
    const session = await within(timeoutMs, logIn({ user, key }, AbortSignal.timeout(timeoutMs)))
    if (session === 'refused') {
      // What somebody has put there meanwhile was not refused.
      const act = this.#act('the upstream refused it')
      if (!(await record.remove(subjectId, upstream, act, { revision, refused: true }))) return 'again'
      log.info({ upstream, subjectId }, 'an upstream refused a login, which was removed')
      return 'absent'
    }
    const sealed = this.#seal(subjectId, { user, key, session })
    return (await record.write(sealed, { replacing: revision })) === undefined ? 'again' : session
  }

  #act(cause: string): Act {
    const { clock, origin } = this.#options
    return { at: clock.now(), by: actor, origin, cause }
  }

  #seal(subjectId: string, login: UpstreamLogin): SealedLogin {
    const { sealer, upstream, clock } = this.#options
    return sealLogin(sealer, { subjectId, upstream }, login, clock.now())
  }

  #open(stored: StoredLogin): UpstreamLogin | undefined {
    const { sealer, log } = this.#options
    const login = openLogin(sealer, stored)
    if (login === undefined && !this.#told.has(stored.revision)) {
      if (this.#told.size >= toldMax) this.#told.clear()
      this.#told.add(stored.revision)
      const { upstream, subjectId, keyId } = stored
      log.warn({ upstream, subjectId, keyId }, 'an upstream login cannot be opened, and counts as none')
    }
    return login
  }
}

/** Whether two tokens of an upstream are one. Both are ours: no comparison here tells a client anything. */
export function isSame(token: Secret, other: Secret | undefined): boolean {
  return token.reveal() === other?.reveal()
}
