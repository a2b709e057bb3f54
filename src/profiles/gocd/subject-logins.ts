/**
 * The logins of the holders of tokens at GoCD, kept sealed. A login that GoCD has taken is good for a short while; then
 * GoCD is asked again, so that whoever is no user any more has no tokens either.
 * @module
 */

import { Secret } from '../../lib/secret.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import type { Token } from '../../tokens/token.ts'
import type { UpstreamLogin, UpstreamSession } from '../../tokens/upstream-logins/upstream-login.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import { attempt } from '../attempt.ts'
import type { GrantedRequest, InspectHead } from '../profile.ts'
import type { FindServices } from '../services.ts'
import type { GocdQuestions } from './ask-gocd.ts'
import { loginPairs, loginText } from './authorization.ts'
import { sentences } from './gocd-sentences.ts'

export interface SubjectLoginsOptions {
  readonly upstream: string
  readonly questions: GocdQuestions
  /** How long GoCD's word is taken. */
  readonly ttlMs: number
  readonly timeoutMs: number
  readonly findServices: FindServices
}

type Login = Pick<UpstreamLogin, 'user' | 'key'>
type Pairs = HeaderPairs | Refusal

export class SubjectLogins {
  readonly #options: SubjectLoginsOptions
  #opened: UpstreamLogins | undefined

  constructor(options: SubjectLoginsOptions) {
    this.#options = options
  }

  /** What GoCD gets in place of the token: at once where it was asked a short while ago. */
  of({ subject }: Token): Pairs | Promise<Pairs> {
    const session = this.#logins().recall(subject.id)
    return session === undefined ? this.#obtain(subject.id) : loginPairs(session.token)
  }

  /** Takes GoCD at its word at once when it does not take a login any more. */
  inspect({ request }: GrantedRequest, { subject }: Token, [, sent = '']: HeaderPairs): InspectHead {
    return ({ status }) => {
      if (status !== 401) return undefined
      const again = this.#obtain(subject.id, new Secret(sent))
      if (!request.hasBody) return again
      // Half of the body is gone.
      const sentAgain = refuse('cannot_decide', 'GoCD did not take a login', { retryAfterSeconds: 1 })
      return again.then((pairs) => (isRefusal(pairs) ? pairs : sentAgain))
    }
  }

  /** Yields false when the subject has been deleted meanwhile. */
  keep(subjectId: string, login: Login): Promise<boolean> {
    return this.#logins().keep(subjectId, { ...login, session: undefined })
  }

  close(): void {
    if (this.#opened !== undefined) this.#options.findServices().closeLogins(this.#opened)
    this.#opened = undefined
  }

  async #obtain(subjectId: string, stale?: Secret): Promise<Pairs> {
    const session = await attempt(() => this.#logins().obtain(subjectId, stale))
    if (isRefusal(session)) return session
    return session.value === undefined
      ? refuse('invalid_token', 'the subject has no login at GoCD', { detail: sentences.gone })
      : loginPairs(session.value.token)
  }

  /** Opened when the first request needs them. */
  #logins(): UpstreamLogins {
    const { upstream, timeoutMs, findServices } = this.#options
    this.#opened ??= findServices().openLogins(upstream, (login) => this.#logIn(login), timeoutMs)
    return this.#opened
  }

  async #logIn(login: Login): Promise<UpstreamSession | 'refused'> {
    const { questions, ttlMs, findServices } = this.#options
    const token = loginText(login)
    // From the question on, not from its answer.
    const expiresAt = findServices().clock.now() + ttlMs
    const { outcome } = await questions.whoIs(token)
    if (outcome === 'refused') return 'refused'
    if (outcome === 'security-off') throw new Error('GoCD checks no logins')
    return { token, expiresAt, storageUrl: undefined }
  }
}
