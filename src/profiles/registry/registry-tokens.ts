/**
 * Registry tokens as they are given out and as they come back. Whose one is, is found out once; what its token may do, each
 * time anew.
 * @module
 */

import type { Credential } from '../../authenticate/credential.ts'
import type { Address } from '../../client-address/address.ts'
import type { RegistrySettings } from '../../config/schema/profiles/registry.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { type Assertion, Assertions } from '../../tokens/assertions/assertions.ts'
import type { SignedStatement } from '../../tokens/assertions/sign-statement.ts'
import type { Token } from '../../tokens/token.ts'
import type { FindServices } from '../services.ts'
import { problemOfScopes, scopesOf } from './registry-access.ts'
import { grants, type RegistryGrant, registryAssertion } from './registry-assertion.ts'
import { readRegistryOperation } from './registry-operation.ts'
import { narrowToken } from './registry-refusals.ts'
import type { RepositoryScope } from './registry-scope.ts'

type Found = Token | Refusal

export class RegistryTokens {
  readonly #settings: RegistrySettings
  readonly #findServices: FindServices
  #opened: Assertions<RegistryGrant> | undefined

  constructor(settings: RegistrySettings, findServices: FindServices) {
    this.#settings = settings
    this.#findServices = findServices
  }

  sign({ id, expiresAt }: Token, scopes: readonly RepositoryScope[]): Promise<SignedStatement> {
    return this.#assertions.sign(id, { scopes }, expiresAt)
  }

  /** At once, where both the registry token and its token are known. */
  resolve(credential: Credential, client: Address, request: CanonicalRequest): Found | Promise<Found> {
    const known = this.#assertions.recall(credential.secret)
    return known === undefined
      ? this.#verify(credential, client, request)
      : this.#resolveVerified(known, client, request)
  }

  /** Whoever comes with one that nobody signed is guessing; whoever comes with one that has expired is not. */
  async #verify(credential: Credential, client: Address, request: CanonicalRequest): Promise<Found> {
    const assertion = await this.#assertions.verify(credential.secret)
    if (typeof assertion === 'object') return this.#resolveVerified(assertion, client, request)
    if (assertion === 'expired') return refuse('invalid_token', 'the registry token has expired')
    const { failures } = this.#findServices()
    const throttled = failures.screen(client, () => true)
    if (throttled !== undefined) return throttled
    failures.count(client)
    return refuse('invalid_token', 'not a registry token of this gateway')
  }

  #resolveVerified(
    { tokenId, content }: Assertion<RegistryGrant>,
    client: Address,
    request: CanonicalRequest,
  ): Found | Promise<Found> {
    const token = this.#findServices().resolveRecord(tokenId, client)
    return token instanceof Promise
      ? token.then((found) => this.#narrowed(found, content, request))
      : this.#narrowed(token, content, request)
  }

  /** What the token may do, but was not asked for, a client can have: it is told to ask. All else is for the rules. */
  #narrowed(token: Found, content: RegistryGrant, request: CanonicalRequest): Found {
    if (isRefusal(token)) return token
    const operation = readRegistryOperation(request)
    if (!('repository' in operation)) return token
    const scopes = scopesOf(operation)
    if (grants(content, scopes) || problemOfScopes(token, scopes, this.#settings.scopes) !== undefined) {
      return token
    }
    return refuse('invalid_token', 'the registry token was not asked for this', { detail: narrowToken })
  }

  get #assertions(): Assertions<RegistryGrant> {
    if (this.#opened !== undefined) return this.#opened
    const services = this.#findServices()
    const keyRing = () => services.keyRing
    this.#opened = new Assertions(registryAssertion(this.#settings), { keyRing, clock: services.clock })
    return this.#opened
  }
}
