/**
 * What Swift gets in place of a gateway token: the token that Swift itself gave to the same subject. A service token
 * is carried, and exchanged likewise where it is the gateway's.
 * @module
 */

import { present } from '../../authenticate/credential.ts'
import { compileKindRule } from '../../authorize/rules/kind.ts'
import { tokenNetworkRule } from '../../authorize/rules/network.ts'
import type { Resource, Rule } from '../../authorize/rules/rule.ts'
import { Secret } from '../../lib/secret.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import type { Token, TokenKind } from '../../tokens/token.ts'
import { isWellFormed } from '../../tokens/token-text.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import { attempt } from '../attempt.ts'
import type { GrantedRequest } from '../profile.ts'
import type { FindServices } from '../services.ts'
import type { CopySources } from './copy-source.ts'
import { problemOfPlace, spansStorage } from './coverage.ts'
import { pathOf } from './swift-request.ts'

export const serviceTokenHeader = 'x-service-token'
const authTokenHeader = 'x-auth-token'

type Pairs = HeaderPairs | Refusal

export interface SwiftCredentialOptions {
  readonly upstream: string
  readonly sessions: () => UpstreamLogins
  readonly copies: CopySources
  /** Kinds of token that the route admits. */
  readonly kinds: readonly TokenKind[]
  readonly findServices: FindServices
}

export class SwiftCredential {
  readonly #options: SwiftCredentialOptions
  readonly #serviceRules: readonly Rule[]

  constructor(options: SwiftCredentialOptions) {
    this.#options = options
    this.#serviceRules = [
      compileKindRule(options.kinds),
      tokenNetworkRule,
      wholeStandingRule(options.upstream),
    ]
  }

  /** At once where memory has the session of the subject, and nothing has to be exchanged. */
  of(granted: GrantedRequest): Pairs | Promise<Pairs> {
    const { request, grant } = granted
    const [serviceToken, another] = valuesOfHeader(request.rawHeaders, serviceTokenHeader)
    if (another !== undefined) return refuse('ambiguous_credential', 'two service tokens')
    const { token } = grant
    const own =
      token !== undefined && isToldWho(token, request, this.#options.upstream)
        ? joined(this.#ofSubject(token), this.#options.copies.pin(granted))
        : []
    if (serviceToken === undefined) return own
    if (!isWellFormed(serviceToken)) return joined(own, [serviceTokenHeader, serviceToken])
    return this.#exchanged(own, serviceToken, granted)
  }

  /** Another one, because Swift did not take what was sent: the one that memory has by now, where that is another. */
  async renewed(granted: GrantedRequest, token: Token, sent: HeaderPairs): Promise<Pairs> {
    const [stale] = valuesOfHeader(sent, authTokenHeader)
    const session = await this.#obtain(token, stale === undefined ? undefined : new Secret(stale))
    return isRefusal(session) ? session : this.of(granted)
  }

  #ofSubject(token: Token): HeaderPairs | Promise<Pairs> {
    const session = this.#options.sessions().recall(token.subject.id)
    return session === undefined ? this.#obtain(token) : authToken(session.token.reveal())
  }

  async #obtain(token: Token, stale?: Parameters<UpstreamLogins['obtain']>[1]): Promise<Pairs> {
    const session = await attempt(() => this.#options.sessions().obtain(token.subject.id, stale))
    if (isRefusal(session)) return session
    if (session.value !== undefined) return authToken(session.value.token.reveal())
    // Whoever logged in for a session can do so again; nobody can with a token that an operator issued.
    return token.kind === 'session'
      ? refuse('invalid_token', 'the subject has no login at Swift any more')
      : refuse('upstream_login_missing', 'the subject has no login at Swift')
  }

  async #exchanged(
    own: Pairs | Promise<Pairs>,
    serviceToken: string,
    { exchange, request, client }: GrantedRequest,
  ): Promise<Pairs> {
    const credential = present('header', serviceToken)
    const { findServices } = this.#options
    const token = await findServices().resolveToken(credential, client, exchange.incoming.socket)
    if (isRefusal(token)) return token
    for (const rule of this.#serviceRules) {
      const refusal = rule({ token, request, client, resource: noResource })
      if (refusal !== undefined) return refusal
    }
    const pairs = await this.#ofSubject(token)
    return isRefusal(pairs) ? pairs : joined(own, [serviceTokenHeader, pairs[1] ?? ''])
  }
}

const noResource: Resource = { path: '', parameters: {} }

/**
 * Swift adds what the subject of the service token may to what the caller may, in everything that it does for the
 * request. A token that may do less than its subject cannot lend that.
 */
function wholeStandingRule(upstream: string): Rule {
  return ({ token, request }) => {
    const path = pathOf(request)
    const problem = 'account' in path ? problemOfPlace(token, path, upstream) : 'not in the storage'
    if (problem !== undefined) return refuse('binding_mismatch', `the service token: ${problem}`)
    return spansStorage(token, upstream) && token.access === 'owner'
      ? undefined
      : refuse('insufficient_access', 'the service token may do less than its subject')
  }
}

/**
 * Whether Swift learns who asks. Of a path that is not read as one in the storage only where nothing could be outside of
 * what the token may do, should Swift read it as one.
 */
export function isToldWho(token: Token, request: CanonicalRequest, upstream: string): boolean {
  const path = pathOf(request)
  if ('account' in path) return true
  return path.kind !== 'auth' && token.access === 'owner' && spansStorage(token, upstream)
}

function authToken(text: string): HeaderPairs {
  return [authTokenHeader, text]
}

/** Both, or the first refusal; at once where both are there. */
function joined(one: Pairs | Promise<Pairs>, other: Pairs | Promise<Pairs>): Pairs | Promise<Pairs> {
  if (one instanceof Promise || other instanceof Promise) {
    return Promise.all([one, other]).then(([first, second]) => joined(first, second))
  }
  if (isRefusal(one)) return one
  return isRefusal(other) ? other : one.concat(other)
}
