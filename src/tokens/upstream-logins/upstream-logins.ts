/**
 * The subjects' sessions at one upstream: from memory at once, else from the record or by another login, once however
 * many want it. A store or an upstream that fails is an error, never «no login».
 * @module
 */

import type { Secret } from '../../lib/secret.ts'
import type { HeldSession, LoginMemory } from '../cache/login-memory.ts'
import { SingleFlight } from '../cache/single-flight.ts'
import { StoreUnavailable } from '../ports.ts'
import { isSame, SessionSource, type SessionSourceOptions } from './session-source.ts'
import type { UpstreamLogin, UpstreamSession } from './upstream-login.ts'

/** How often a login is tried that somebody else goes on changing meanwhile. */
const attemptsMax = 3
/** The least between two refreshes of one session, also where an upstream goes on giving the same token. */
const refreshMsMin = 1_000

export interface UpstreamLoginsOptions extends SessionSourceOptions {
  /** Of this upstream alone; must follow the change feed. */
  readonly memory: LoginMemory
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Must be closed before its record. */
export class UpstreamLogins {
  readonly #options: UpstreamLoginsOptions
  readonly #memory: LoginMemory
  readonly #source: SessionSource
  readonly #flights = new SingleFlight<UpstreamSession | undefined>(Number.POSITIVE_INFINITY, () =>
    performance.now(),
  )
  readonly #refreshes = new Set<Promise<void>>()
  #isRefreshFailing = false
  #isClosed = false

  constructor(options: UpstreamLoginsOptions) {
    this.#options = options
    this.#memory = options.memory
    this.#source = new SessionSource(options)
  }

  /**
   * A session that has not ended, at once; `undefined` means «ask `obtain`». From nine tenths of its life on, the
   * first to use it has another one fetched and waits for nothing.
   */
  recall(subjectId: string): UpstreamSession | undefined {
    const held = this.#memory.recall(subjectId)
    if (held === undefined) return undefined
    const now = this.#options.clock.now()
    if (now >= held.session.expiresAt) return undefined
    if (now >= held.refreshAt) this.#beginRefresh(subjectId, held)
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
    if (held !== undefined) this.#memory.forget(subjectId)

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
    return this.#memory.receive(subjectId, async (hold) => {
      const isKept = await this.#source.put(subjectId, login)
      // What was held came from the former login.
      this.#memory.forget(subjectId)
      if (isKept && login.session !== undefined) hold(this.#heldFrom(login.session))
      return isKept
    })
  }

  /** Begins no refresh any more, and resolves when none is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#refreshes)
  }

  #beginRefresh(subjectId: string, held: HeldSession): void {
    if (this.#isClosed) return
    // Should it fail, whoever comes later tries again.
    held.refreshAt = this.#refreshTime(held.session)
    const refresh = this.#refresh(subjectId, held.session.token).finally(() =>
      this.#refreshes.delete(refresh),
    )
    this.#refreshes.add(refresh)
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
      const session = await this.#fetch(subjectId, stale)
      if (session === 'absent') return undefined
      if (session !== 'again') return session
    }
    throw new StoreUnavailable('the upstream login was changed by others each time it was used')
  }

  /** `again` also when the subject has changed since the fetch began: what it brought may be what was removed. */
  #fetch(subjectId: string, stale: Secret | undefined): Promise<UpstreamSession | 'absent' | 'again'> {
    return this.#memory.receive(subjectId, async (hold) => {
      const fetched = await this.#source.fetch(subjectId, stale)
      if (fetched === 'absent') this.#memory.forget(subjectId)
      if (fetched === 'absent' || fetched === 'again') return fetched
      return hold(this.#heldFrom(fetched)) ? fetched : 'again'
    })
  }

  #heldFrom(session: UpstreamSession): HeldSession {
    return { session, refreshAt: this.#refreshTime(session) }
  }

  /** About nine tenths of what is left from now on, not the same for everybody. */
  #refreshTime({ expiresAt }: UpstreamSession): number {
    const { clock, random } = this.#options
    const now = clock.now()
    return now + Math.max(refreshMsMin, (expiresAt - now) * (0.85 + random() / 10))
  }
}
