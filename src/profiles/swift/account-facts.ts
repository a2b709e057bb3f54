/**
 * Facts about accounts, asked of Swift and remembered for a short while: who owns one, and whether one is open to
 * whoever presents no token. Each is asked with the standing of the one concerned, so that Swift's own reading of its
 * ACLs and groups is the only one.
 * @module
 */

import { FactCache } from '../../facts/fact-cache.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import { attempt, type Found } from '../attempt.ts'
import type { SwiftQuestions } from './ask-swift.ts'

export interface AccountFactsOptions {
  readonly questions: SwiftQuestions
  readonly sessions: () => UpstreamLogins
  readonly ttlMs: number
}

const accountsMax = 10_000
/** No subject has this id. */
const nobody = ''

export class AccountFacts {
  readonly #options: AccountFactsOptions
  readonly #facts: FactCache<boolean>

  constructor(options: AccountFactsOptions) {
    this.#options = options
    this.#facts = new FactCache({ ttlMs: options.ttlMs, resourcesMax: accountsMax })
  }

  /** Whether the subject may do with the account what only its owner may. */
  isOwner(subjectId: string, account: string): Promise<Found<boolean> | Refusal> {
    return attempt(() =>
      this.#facts.find(account, subjectId, () => this.#askWhetherOwner(subjectId, account)),
    )
  }

  /** Whether the empty name is among the grantees of the account, so that Swift lets everybody in. */
  isOpenToNobody(account: string): Promise<Found<boolean> | Refusal> {
    return attempt(() =>
      this.#facts.find(account, nobody, () => this.#options.questions.isOpenToNobody(account)),
    )
  }

  /** The account's ACL may have changed. */
  drop(account: string): void {
    this.#facts.drop(account)
  }

  async #askWhetherOwner(subjectId: string, account: string): Promise<boolean> {
    const { questions, sessions } = this.#options
    const session = await sessions().obtain(subjectId)
    if (session === undefined) return false
    const answer = await questions.ownsAccount(session.token, account)
    if (answer !== 'refused') return answer
    const renewed = await sessions().obtain(subjectId, session.token)
    return renewed !== undefined && (await questions.ownsAccount(renewed.token, account)) === true
  }
}
