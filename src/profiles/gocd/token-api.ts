/**
 * GoCD's API of access tokens, served by the gateway for a GoCD that has none. Whoever calls it logs in with a password,
 * which GoCD checks; a token manages no tokens.
 * @module
 */

import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { attempt } from '../attempt.ts'
import type { Serve, Visit } from '../profile.ts'
import { presentsBearer } from './authorization.ts'
import type { Caller, Callers } from './callers.ts'
import { type GocdPath, pathOf } from './gocd-path.ts'
import { sentences } from './gocd-sentences.ts'
import { type Answer, type Call, say, type TokenActions } from './token-actions.ts'
import { actionOf, isOfAnotherSite } from './token-request.ts'

export interface TokenApiOptions {
  readonly callers: Callers
  readonly actions: TokenActions
  /** `https://host`; `undefined`: as the client reached it. */
  readonly publicOrigin: string | undefined
}

type TokensPath = Extract<GocdPath, { kind: 'tokens' }>

const forbidden = { detail: sentences.forbidden }

export class TokenApi {
  readonly #options: TokenApiOptions

  constructor(options: TokenApiOptions) {
    this.#options = options
  }

  /** `undefined` for every other request, and for tokens: those are decided on as everywhere. */
  serve(visit: Visit): Serve | undefined {
    const path = pathOf(visit.request)
    return path.kind === 'tokens' && !presentsBearer(visit.request)
      ? () => this.#serve(visit, path)
      : undefined
  }

  async #serve(visit: Visit, path: TokensPath): Promise<Refusal | undefined> {
    const answer = await this.#answer(visit, path)
    if (isRefusal(answer)) return answer
    send(visit, answer)
    return undefined
  }

  async #answer(visit: Visit, path: TokensPath): Promise<Answer | Refusal> {
    const { callers, actions, publicOrigin } = this.#options
    const { exchange, request } = visit
    const caller = await callers.find(visit)
    if (caller === 'security-off') return say(422, sentences.securityOff)
    if (isRefusal(caller)) return caller
    exchange.notes.subject = caller.name
    const barred = await problemOf(caller, visit, path)
    if (barred !== undefined) return barred
    const action = actionOf(request, path)
    if (action === undefined) return say(404, sentences.notFound)
    const origin = publicOrigin ?? `${exchange.scheme}://${request.authority}`
    const call: Call = { visit, caller, place: { origin, whose: path.whose } }
    const done = await attempt(() => actions.act(action, call))
    return isRefusal(done) ? done : done.value
  }
}

async function problemOf(
  caller: Caller,
  { request }: Visit,
  { whose }: TokensPath,
): Promise<Refusal | undefined> {
  if (isOfAnotherSite(request)) return refuse('condition_not_met', 'a page of another site', forbidden)
  const isAdmin = whose === 'own' || (await caller.isAdmin())
  if (typeof isAdmin === 'object') return isAdmin
  return isAdmin ? undefined : refuse('insufficient_access', 'no administrator of GoCD', forbidden)
}

function send({ exchange: { response, id } }: Visit, { status, document }: Answer): void {
  if (response.destroyed) return
  const body = JSON.stringify(document, null, 2)
  response.writeHead(status, [
    'content-type',
    'application/vnd.go.cd.v1+json; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
    'cache-control',
    'no-store',
    'x-request-id',
    id,
  ])
  response.end(body)
}
