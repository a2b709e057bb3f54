/**
 * Who calls the API that the gateway serves: a login that GoCD is asked about, and whose answer is taken for a short
 * while. What is remembered is named by a keyed digest; the password is nowhere.
 * @module
 */

import type { Address } from '../../client-address/address.ts'
import { FactCache } from '../../facts/fact-cache.ts'
import type { Upstream } from '../../forward/upstreams.ts'
import { Secret } from '../../lib/secret.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { UpstreamLogin } from '../../tokens/upstream-logins/upstream-login.ts'
import { attempt } from '../attempt.ts'
import type { Visit } from '../profile.ts'
import type { FindServices } from '../services.ts'
import type { GocdQuestions, Verdict } from './ask-gocd.ts'
import { loginText, readLogin } from './authorization.ts'
import { basicChallenge } from './gocd-denial.ts'
import { sentences } from './gocd-sentences.ts'

export interface Caller {
  /** In lower case. */
  readonly name: string
  readonly login: Pick<UpstreamLogin, 'user' | 'key'>
  /** Whether GoCD says that it is an administrator. */
  isAdmin(): Promise<boolean | Refusal>
}

export interface CallersOptions {
  readonly upstream: Pick<Upstream, 'connections'>
  readonly questions: GocdQuestions
  readonly ttlMs: number
  readonly findServices: FindServices
}

const loginsMax = 10_000
/** Of the connections to GoCD, for logins that nobody knows yet. */
const shareOfLogins = 1 / 4
const challenge = basicChallenge

export class Callers {
  readonly #options: CallersOptions
  readonly #verdicts: FactCache<Verdict | Refusal>
  readonly #admins: FactCache<boolean>
  #underWay = 0

  constructor(options: CallersOptions) {
    this.#options = options
    const { ttlMs } = options
    this.#verdicts = new FactCache({ ttlMs, resourcesMax: loginsMax })
    this.#admins = new FactCache({ ttlMs, resourcesMax: loginsMax })
  }

  /** `security-off`: GoCD checks nobody's password, so nobody can be told from anybody. */
  async find({
    request,
    client,
  }: Pick<Visit, 'request' | 'client'>): Promise<Caller | 'security-off' | Refusal> {
    const login = readLogin(request)
    if (login === undefined) return refuse('credential_required', 'no login', { challenge })
    if (login === 'ambiguous') return refuse('ambiguous_credential', 'two logins')
    if (login === 'malformed') {
      return refuse('invalid_token', 'no login', { challenge, detail: sentences.malformedLogin })
    }
    const text = loginText(login)
    const name = this.#nameOf(text)
    const found = await attempt(() => this.#verdicts.find(name, '', () => this.#ask(text, client)))
    const verdict = isRefusal(found) ? found : found.value
    if (!isRefusal(verdict) && verdict.outcome === 'user') {
      return { name: verdict.name, login, isAdmin: () => this.#isAdmin(name, text) }
    }
    // Only a yes is remembered: a user who has just been made can log in at once.
    this.#verdicts.drop(name)
    if (isRefusal(verdict)) return verdict
    if (verdict.outcome === 'security-off') return 'security-off'
    return refuse('invalid_token', 'GoCD refused the login', { challenge, detail: verdict.sentence })
  }

  async #isAdmin(name: string, text: Secret): Promise<boolean | Refusal> {
    const { questions } = this.#options
    const said = await attempt(() => this.#admins.find(name, '', () => questions.isAdmin(text)))
    return isRefusal(said) ? said : said.value
  }

  async #ask(text: Secret, client: Address): Promise<Verdict | Refusal> {
    const { upstream, questions, findServices } = this.#options
    const { failures } = findServices()
    const throttled = failures.screen(client, () => false)
    if (throttled !== undefined) return throttled
    if (this.#underWay >= Math.max(1, upstream.connections * shareOfLogins)) {
      return refuse('upstream_busy', 'too many logins at once', { retryAfterSeconds: 1 })
    }
    this.#underWay++
    try {
      const verdict = await questions.whoIs(text)
      if (verdict.outcome === 'refused') failures.count(client)
      return verdict
    } finally {
      this.#underWay--
    }
  }

  /** No token has a line end in it, so this is the digest of none. */
  #nameOf(text: Secret): string {
    const { keyRing } = this.#options.findServices()
    return keyRing.digest(new Secret(`a login at GoCD\n${text.reveal()}`)).value
  }
}
