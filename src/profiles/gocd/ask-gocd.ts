/**
 * What the gateway itself asks of GoCD, always with the login of the one concerned: who that is, and whether an
 * administrator. Never anything that could change something.
 * @module
 */

import { parseJson } from '../../facts/json-pointer.ts'
import { askUpstream, type UpstreamAnswer } from '../../forward/ask-upstream.ts'
import type { Upstream } from '../../forward/upstreams.ts'
import type { Secret } from '../../lib/secret.ts'
import { loginPairs } from './authorization.ts'
import { sentences } from './gocd-sentences.ts'

/** What GoCD makes of a login. */
export type Verdict =
  | { readonly outcome: 'user'; readonly name: string }
  /** In GoCD's own words. */
  | { readonly outcome: 'refused'; readonly sentence: string }
  /** GoCD checks nobody's password. */
  | { readonly outcome: 'security-off' }

const answerBytesMax = 1024 * 1024
const sentenceMax = 500
const mediaType = 'application/vnd.go.cd.v1+json'

export interface GocdQuestionsOptions {
  readonly upstream: Upstream
  readonly deadlineMs: number
  /** Answered with 200 to administrators alone. */
  readonly adminPath: string
}

/** Whatever is neither yes nor no throws. */
export class GocdQuestions {
  readonly #options: GocdQuestionsOptions

  constructor(options: GocdQuestionsOptions) {
    this.#options = options
  }

  /** `login` is a value of `Authorization`. Names of users are the same in any case; this one is in lower case. */
  async whoIs(login: Secret): Promise<Verdict> {
    const { status, body } = await this.#ask('/go/api/current_user', login)
    const answer = parseJson(body)
    if (status === 401) {
      return { outcome: 'refused', sentence: textIn(answer, 'message') ?? sentences.badLogin }
    }
    const name = textIn(answer, 'login_name')?.toLowerCase()
    if (status !== 200 || name === undefined) throw new Error(`GoCD answered a login with ${status}`)
    if (name === 'anonymous') return { outcome: 'security-off' }
    return memberOf(answer, 'enabled') === false
      ? { outcome: 'refused', sentence: sentences.disabled }
      : { outcome: 'user', name }
  }

  /** Of somebody whose login is good. */
  async isAdmin(login: Secret): Promise<boolean> {
    const { status } = await this.#ask(this.#options.adminPath, login)
    if (status === 200) return true
    if (status === 401 || status === 403) return false
    throw new Error(`GoCD answered ${status} to the question who is an administrator`)
  }

  #ask(target: string, login: Secret): Promise<UpstreamAnswer> {
    const { upstream, deadlineMs } = this.#options
    const headers = ['accept', mediaType, ...loginPairs(login)]
    return askUpstream(
      upstream,
      { method: 'GET', target, headers },
      { deadlineMs, bodyBytesMax: answerBytesMax },
    )
  }
}

function textIn(answer: unknown, name: string): string | undefined {
  const value = memberOf(answer, name)
  return typeof value === 'string' && value !== '' && value.length <= sentenceMax ? value : undefined
}

function memberOf(answer: unknown, name: string): unknown {
  if (typeof answer !== 'object' || answer === null || !Object.hasOwn(answer, name)) return undefined
  return (answer as Record<string, unknown>)[name]
}
