/**
 * The subjects' sessions at one upstream: from memory at once, else from the record, else by logging in again with
 * what the record keeps. A store or an upstream that fails is an error, never «no login».
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import { within } from '../../lib/within.ts'
import type { LoginMemory } from '../cache/login-memory.ts'
import type { Sealer } from '../cache/sealed-entry.ts'
import { SingleFlight } from '../cache/single-flight.ts'
import { StoreUnavailable } from '../ports.ts'
import type { LoginRecord, StoredLogin } from './login-record.ts'
import { openLogin, sealLogin } from './sealed-login.ts'
import type { UpstreamLogin, UpstreamSession } from './upstream-login.ts'

/** How often a login is tried that somebody else goes on changing meanwhile. */
const attemptsMax = 3
/** The least between two refreshes of one session, also where an upstream goes on giving the same token. */
const refreshMsMin = 1_000
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

export interface UpstreamLoginsOptions {
  /** Its name in the configuration. */
  readonly upstream: string
  readonly record: Pick<LoginRecord, 'read' | 'write' | 'remove'>
  /** Of this upstream alone; must follow the change feed. */
  readonly memory: LoginMemory
  /** Asked anew each time: the keys behind it may change. */
  readonly sealer: Sealer
  readonly logIn: LogIn
  /** Deadline of `logIn`. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

/** What one try to get a session came to; `again`: somebody else was first, and the record is to be read once more. */
type Attempt = { readonly session: UpstreamSession | undefined } | 'again'

export class UpstreamLogins {
  readonly #options: UpstreamLoginsOptions
  readonly #flights = new SingleFlight<UpstreamSession | undefined>(Number.POSITIVE_INFINITY, () =>
    performance.now(),
  )
  /** Revisions of logins that could not be read. */
  readonly #told = new Set<string>()
  #isRefreshFailing = false

  constructor(options: UpstreamLoginsOptions) {
    this.#options = options
  }

  /**
   * A session that has not ended, at once; `undefined` means «ask `obtain`». From nine tenths of its life on, the
   * first to use it has another one fetched and waits for nothing.
   */
  recall(subjectId: string): UpstreamSession | undefined {
    const { memory, clock } = this.#options
    const held = memory.recall(subjectId)
    if (held === undefined) return undefined
    const now = clock.now()
    if (now >= held.session.expiresAt) return undefined
    if (now >= held.refreshAt) {
      // Should it fail, whoever comes later tries again.
      held.refreshAt = this.#refreshTime(held.session)
      void this.#refresh(subjectId, held.session.token)
    }
    return held.session
  }

  /**
   * A session that has not ended. `stale` is the token that the upstream did not accept: another replica's later one
   * is taken, or a new login made, which may yield the same. `undefined`: the subject has no login, or the upstream
   * refused it now, which removes it. «No login» is never remembered, because a login at another replica has to count
   * at once: it costs one read of the record each time. Throws `StoreUnavailable`, or what `logIn` throws.
   */
  async obtain(subjectId: string, stale?: Secret): Promise<UpstreamSession | undefined> {
    const held = this.recall(subjectId)
    if (held !== undefined && !isSame(held.token, stale)) return held
    if (held !== undefined) this.#options.memory.forget(subjectId)

    let isOurs = false
    const session = await this.#flights.run(subjectId, () => {
      isOurs = true
      return this.#renew(subjectId, stale)
    })
    if (isOurs || session === undefined || !isSame(session.token, stale)) return session
    // Whoever began that did not know that the token is stale.
    return this.#flights.run(subjectId, () => this.#renew(subjectId, stale))
  }

  /**
   * Records a login that the upstream has just accepted, in the place of any other. Yields false when the subject has
   * been deleted meanwhile. Replicas that hold a session of the former login go on with it until it ends or the
   * upstream refuses it.
   */
  async keep(subjectId: string, login: UpstreamLogin): Promise<boolean> {
    const { memory, record } = this.#options
    return memory.receive(subjectId, async (hold) => {
      const isKept = (await record.write(this.#seal(subjectId, login))) !== undefined
      // What was held came from the former login.
      memory.forget(subjectId)
      if (isKept && login.session !== undefined) hold(this.#heldFrom(login.session))
      return isKept
    })
  }

  async #refresh(subjectId: string, token: Secret): Promise<void> {
    try {
      await this.#flights.run(subjectId, () => this.#renew(subjectId, token))
      this.#isRefreshFailing = false
    } catch (error) {
      // Told once in a row of failures, however many subjects there are.
      if (!this.#isRefreshFailing) {
        const { upstream, log } = this.#options
        log.warn({ upstream, subjectId, error }, 'an upstream login was not renewed ahead of its end')
      }
      this.#isRefreshFailing = true
    }
  }

  async #renew(subjectId: string, stale: Secret | undefined): Promise<UpstreamSession | undefined> {
    for (let attempts = 0; attempts < attemptsMax; attempts++) {
      const attempt = await this.#attempt(subjectId, stale)
      if (attempt !== 'again') return attempt.session
    }
    throw new StoreUnavailable('the upstream login was changed by others each time it was used')
  }

  #attempt(subjectId: string, stale: Secret | undefined): Promise<Attempt> {
    const { memory, record, upstream, clock } = this.#options
    return memory.receive(subjectId, async (hold) => {
      const stored = await record.read(subjectId, upstream)
      const login = stored && this.#open(stored)
      if (stored === undefined || login === undefined) return this.#without(subjectId)

      const { session } = login
      const isUsable = session && clock.now() < session.expiresAt && !isSame(session.token, stale)
      const usable = isUsable ? session : await this.#logInAgain(stored, login)
      if (usable === 'refused') return this.#without(subjectId)
      return usable !== 'again' && hold(this.#heldFrom(usable)) ? { session: usable } : 'again'
    })
  }

  /** A new session, recorded in the place of what was read. */
  async #logInAgain(
    stored: StoredLogin,
    login: UpstreamLogin,
  ): Promise<UpstreamSession | 'refused' | 'again'> {
    const { upstream, record, logIn, timeoutMs, log } = this.#options
    const { subjectId, revision } = stored
    const { user, key } = login
    const session = await within(timeoutMs, logIn({ user, key }, AbortSignal.timeout(timeoutMs)))
    if (session === 'refused') {
      // What somebody has put there meanwhile was not refused.
      if (!(await record.remove(subjectId, upstream, revision))) return 'again'
      log.info({ upstream, subjectId }, 'an upstream refused a login, which was removed')
      return 'refused'
    }
    const sealed = this.#seal(subjectId, { user, key, session })
    return (await record.write(sealed, { replacing: revision })) === undefined ? 'again' : session
  }

  #without(subjectId: string): Attempt {
    this.#options.memory.forget(subjectId)
    return { session: undefined }
  }

  #seal(subjectId: string, login: UpstreamLogin) {
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

  #heldFrom(session: UpstreamSession) {
    return { session, refreshAt: this.#refreshTime(session) }
  }

  /** About nine tenths of what is left from now on, not the same for everybody. */
  #refreshTime({ expiresAt }: UpstreamSession): number {
    const now = this.#options.clock.now()
    return now + Math.max(refreshMsMin, (expiresAt - now) * (0.85 + this.#options.random() / 10))
  }
}

function isSame(token: Secret, other: Secret | undefined): boolean {
  return token.reveal() === other?.reveal()
}
