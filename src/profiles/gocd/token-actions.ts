/**
 * What the API of tokens does for a caller who is known: lists, makes, shows and revokes tokens.
 * @module
 */

import type { Act } from '../../audit/entry.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { subjectProblems } from '../../tokens/life/issue-problems.ts'
import type { Token } from '../../tokens/token.ts'
import type { Visit } from '../profile.ts'
import type { FindServices } from '../services.ts'
import type { Caller } from './callers.ts'
import { basicChallenge } from './gocd-denial.ts'
import { sentences, unknownFilter, unknownToken } from './gocd-sentences.ts'
import { listDocument, type Place, rejectedDocument, tokenDocument } from './representation.ts'
import type { SubjectLogins } from './subject-logins.ts'
import type { TokenDesk } from './token-desk.ts'
import { readBody, readRemark, type TokenAction } from './token-request.ts'

export interface TokenActionsOptions {
  readonly desk: TokenDesk
  readonly logins: SubjectLogins
  readonly findServices: FindServices
}

/** A request of a caller who may make it. */
export interface Call {
  readonly visit: Visit
  readonly caller: Caller
  readonly place: Place
}

/** An answer in GoCD's form. */
export interface Answer {
  readonly status: number
  readonly document: object
}

const filters = ['active', 'all', 'revoked'] as const
const disabled = refuse('invalid_token', 'the subject is not active', {
  challenge: basicChallenge,
  detail: sentences.disabled,
})

export function say(status: number, message: string): Answer {
  return { status, document: { message } }
}

/** Throws when the store fails. */
export class TokenActions {
  readonly #options: TokenActionsOptions

  constructor(options: TokenActionsOptions) {
    this.#options = options
  }

  async act(action: TokenAction, call: Call): Promise<Answer | Refusal> {
    switch (action.does) {
      case 'list':
        return this.#list(call)
      case 'create':
        return this.#create(call)
      case 'show':
        return this.#show(action.id, call)
      case 'revoke':
        return this.#revoke(action.id, call)
      default:
        return action satisfies never
    }
  }

  async #list({ visit, caller, place }: Call): Promise<Answer> {
    const wanted = new URLSearchParams(visit.request.query).get('filter') ?? ''
    const filter = wanted.trim() === '' ? 'active' : filters.find((each) => each === wanted)
    if (filter === undefined) return say(400, unknownFilter(wanted, filters))
    const tokens = await this.#options.desk.list(filter, place.whose === 'own' ? caller.name : undefined)
    return { status: 200, document: listDocument(tokens, place) }
  }

  async #create(call: Call): Promise<Answer | Refusal> {
    const { visit, caller, place } = call
    const { desk, logins, findServices } = this.#options
    const body = await readBody(visit)
    if (isRefusal(body)) return body
    if (body.fields === undefined) return say(400, sentences.malformedBody)
    const remark = readRemark(body.fields.description)
    const problem = remark.problem ?? (remark.text === '' ? sentences.blank : undefined)
    if (problem !== undefined) {
      const token = { username: caller.name, now: findServices().clock.now() }
      return { status: 422, document: rejectedDocument(token, problem, place) }
    }
    const [unfit] = subjectProblems(caller.name, 'user')
    if (unfit !== undefined) return say(422, `Your request could not be processed. The ${unfit}`)
    const act = this.#actOf(call, '')
    const subject = await desk.subjectOf(caller.name, act)
    if (subject.status !== 'active' || !(await logins.keep(subject.id, caller.login))) return disabled
    const { token, text } = await desk.make(subject, remark.text, act)
    visit.exchange.notes.tokenId = token.id
    return { status: 200, document: tokenDocument(token, place, text) }
  }

  async #show(id: string, call: Call): Promise<Answer | Refusal> {
    const token = await this.#reach(id, call)
    if (token === undefined) return say(404, unknownToken(id))
    return isRefusal(token) ? token : { status: 200, document: tokenDocument(token, call.place) }
  }

  async #revoke(id: string, call: Call): Promise<Answer | Refusal> {
    const body = await readBody(call.visit)
    if (isRefusal(body)) return body
    if (body.fields === undefined) return say(400, sentences.malformedBody)
    const { text: cause, problem } = readRemark(body.fields.revoke_cause)
    if (problem !== undefined) return say(422, `revoke_cause ${problem}`)
    const token = await this.#reach(id, call)
    if (token === undefined) return say(404, unknownToken(id))
    if (isRefusal(token)) return token
    const revoked = await this.#options.desk.revoke(token.id, this.#actOf(call, cause))
    return revoked === undefined
      ? say(409, sentences.revokedAlready)
      : { status: 200, document: tokenDocument(revoked, call.place) }
  }

  /** The token of that id, if it is the caller's own or the caller an administrator. */
  async #reach(id: string, { visit, caller, place }: Call): Promise<Token | Refusal | undefined> {
    const token = await this.#options.desk.find(id)
    if (token === undefined) return undefined
    const { name, status } = token.subject
    const isOwn = name === caller.name && status !== 'deleted'
    const mayReach = isOwn || place.whose === 'all' || (await caller.isAdmin())
    if (typeof mayReach === 'object') return mayReach
    if (mayReach) visit.exchange.notes.tokenId = token.id
    return mayReach ? token : undefined
  }

  #actOf({ visit, caller }: Call, cause: string): Act {
    const at = this.#options.findServices().clock.now()
    return { at, by: caller.name, origin: `client:${visit.client.text}`, cause }
  }
}
