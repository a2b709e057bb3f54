/**
 * Requests with a key that the gateway answers itself: the key's own revocation, and methods that a resource does not have.
 * @module
 */

import type { Credential } from '../../authenticate/credential.ts'
import type { ExtractCredential } from '../../authenticate/extract-credential.ts'
import { compileKindRule } from '../../authorize/rules/kind.ts'
import { tokenNetworkRule } from '../../authorize/rules/network.ts'
import type { Rule } from '../../authorize/rules/rule.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { revokeItself } from '../../tokens/life/revoke-itself.ts'
import type { Token } from '../../tokens/token.ts'
import type { Serve, Visit } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import type { FindServices } from '../services.ts'
import { answerMethodNotAllowed, answerNoContent } from './api-answers.ts'
import { methodsAt, revocationPath } from './api-methods.ts'

export class OwnRequests {
  readonly #extract: ExtractCredential
  readonly #findServices: FindServices
  /** What makes a key one that the route knows. */
  readonly #rules: readonly Rule[]

  constructor(extract: ExtractCredential, { kinds, findServices }: ProfileContext) {
    this.#extract = extract
    this.#findServices = findServices
    this.#rules = [compileKindRule(kinds), tokenNetworkRule]
  }

  /** `undefined` for every other request; whoever presents no key learns from the route what becomes of it. */
  serve(visit: Visit): Serve | undefined {
    const { request, resource } = visit
    const methods = methodsAt(resource.path)
    const hasMethod = methods === undefined || methods.includes(request.method)
    if (hasMethod && resource.path !== revocationPath) return undefined
    const key = this.#extract(request)
    if (key === undefined || isRefusal(key)) return undefined
    return () => (hasMethod ? this.#revoke(visit, key) : this.#refuseMethod(visit, key, methods))
  }

  /** A retry finds the key revoked, and has succeeded: its client cannot know whether the first request arrived. */
  async #revoke(visit: Visit, key: Credential): Promise<Refusal | undefined> {
    const token = revokedOr(await this.#resolve(visit, key))
    if (isRefusal(token)) return token
    const refusal = this.#problemOf(token, visit) ?? (await this.#revokeEverywhere(token, visit))
    if (refusal === undefined) answerNoContent(visit.exchange)
    return refusal
  }

  async #refuseMethod(
    visit: Visit,
    key: Credential,
    methods: readonly string[],
  ): Promise<Refusal | undefined> {
    const token = await this.#resolve(visit, key)
    const refusal = isRefusal(token) ? token : this.#problemOf(token, visit)
    if (refusal === undefined) answerMethodNotAllowed(visit.exchange, methods)
    return refusal
  }

  async #resolve({ exchange, client }: Visit, key: Credential): Promise<Token | Refusal> {
    exchange.notes.credentialScheme = key.scheme
    const found = await this.#findServices().resolveToken(key, client, exchange.incoming.socket)
    const token = isRefusal(found) ? found.found?.token : found
    exchange.notes.tokenId = token?.id
    exchange.notes.tokenKind = token?.kind
    exchange.notes.subject = token?.subject.name
    return found
  }

  #problemOf(token: Token, { request, client, resource }: Visit): Refusal | undefined {
    for (const rule of this.#rules) {
      const refusal = rule({ token, request, client, resource })
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  /** Only what holds on every replica has succeeded; the client tries again otherwise. */
  async #revokeEverywhere(token: Token, { client }: Visit): Promise<Refusal | undefined> {
    const { registry, clock, announce } = this.#findServices()
    try {
      if (token.revokedAt === undefined) await revokeItself(registry, clock, token, `client:${client.text}`)
      const { everywhere } = await announce()
      return everywhere ? undefined : unsure('replicas could not be told of the revocation')
    } catch (error) {
      return unsure(error instanceof Error ? error.message : 'unknown')
    }
  }
}

function revokedOr(found: Token | Refusal): Token | Refusal {
  return isRefusal(found) && found.found?.state === 'revoked' ? found.found.token : found
}

function unsure(reason: string): Refusal {
  return refuse('cannot_decide', reason, { retryAfterSeconds: 1 })
}
