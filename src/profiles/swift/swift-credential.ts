/**
 * What Swift gets in place of a gateway token: the token that Swift itself gave to the same subject. A service token
 * is carried, and exchanged likewise where it is the gateway's.
 * @module
 */

import { present } from '../../authenticate/credential.ts'
import { Secret } from '../../lib/secret.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import type { Token } from '../../tokens/token.ts'
import { isWellFormed } from '../../tokens/token-text.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import type { GrantedRequest } from '../profile.ts'
import type { FindServices } from '../services.ts'
import { attempt } from './attempt.ts'
import { problemOfPlace, spansStorage } from './coverage.ts'
import { pathOf } from './swift-request.ts'

export const serviceTokenHeader = 'x-service-token'
const authTokenHeader = 'x-auth-token'

export class SwiftCredential {
  readonly #upstream: string
  readonly #sessions: () => UpstreamLogins
  readonly #findServices: FindServices

  constructor(upstream: string, sessions: () => UpstreamLogins, findServices: FindServices) {
    this.#upstream = upstream
    this.#sessions = sessions
    this.#findServices = findServices
  }

  /** At once where memory has the session of the subject, and nothing has to be exchanged. */
  of(granted: GrantedRequest): HeaderPairs | Refusal | Promise<HeaderPairs | Refusal> {
    const { request, grant } = granted
    const [serviceToken, another] = valuesOfHeader(request.rawHeaders, serviceTokenHeader)
    if (another !== undefined) return refuse('ambiguous_credential', 'two service tokens')
    const { token } = grant
    const own = token !== undefined && isToldWho(token, request) ? this.#ofSubject(token) : []
    if (serviceToken === undefined) return own
    if (!isWellFormed(serviceToken)) return extended(own, [serviceTokenHeader, serviceToken])
    return this.#exchanged(own, serviceToken, granted)
  }

  /** Another one, because Swift did not take what was sent: the one that memory has by now, where that is another. */
  async renewed(granted: GrantedRequest, token: Token, sent: HeaderPairs): Promise<HeaderPairs | Refusal> {
    const [stale] = valuesOfHeader(sent, authTokenHeader)
    const session = await this.#obtain(token, stale === undefined ? undefined : new Secret(stale))
    return isRefusal(session) ? session : this.of(granted)
  }

  #ofSubject(token: Token): HeaderPairs | Promise<HeaderPairs | Refusal> {
    const session = this.#sessions().recall(token.subject.id)
    return session === undefined ? this.#obtain(token) : authToken(session.token.reveal())
  }

  async #obtain(
    token: Token,
    stale?: Parameters<UpstreamLogins['obtain']>[1],
  ): Promise<HeaderPairs | Refusal> {
    const session = await attempt(() => this.#sessions().obtain(token.subject.id, stale))
    if (isRefusal(session)) return session
    if (session.value !== undefined) return authToken(session.value.token.reveal())
    // Whoever logged in for a session can do so again; nobody can with a token that an operator issued.
    return token.kind === 'session'
      ? refuse('invalid_token', 'the subject has no login at Swift any more')
      : refuse('upstream_login_missing', 'the subject has no login at Swift')
  }

  async #exchanged(
    own: HeaderPairs | Promise<HeaderPairs | Refusal>,
    serviceToken: string,
    { exchange, request, client }: GrantedRequest,
  ): Promise<HeaderPairs | Refusal> {
    const credential = present('header', serviceToken)
    const token = await this.#findServices().resolveToken(credential, client, exchange.incoming.socket)
    if (isRefusal(token)) return token
    const path = pathOf(request)
    const problem = 'account' in path ? problemOfPlace(token, path, this.#upstream) : 'not in the storage'
    if (problem !== undefined) return refuse('binding_mismatch', `the service token: ${problem}`)
    const pairs = await this.#ofSubject(token)
    return isRefusal(pairs) ? pairs : extended(own, [serviceTokenHeader, pairs[1] ?? ''])
  }
}

/**
 * Whether Swift learns who asks. Of a path that is not read as one in the storage only where nothing could be outside of
 * what the token may do, should Swift read it as one.
 */
export function isToldWho(token: Token, request: CanonicalRequest): boolean {
  const path = pathOf(request)
  if ('account' in path) return true
  return path.kind !== 'auth' && token.access === 'owner' && spansStorage(token)
}

function authToken(text: string): HeaderPairs {
  return [authTokenHeader, text]
}

function extended(
  own: HeaderPairs | Promise<HeaderPairs | Refusal>,
  more: HeaderPairs,
): HeaderPairs | Promise<HeaderPairs | Refusal> {
  const extend = (pairs: HeaderPairs | Refusal) => (isRefusal(pairs) ? pairs : [...pairs, ...more])
  return own instanceof Promise ? own.then(extend) : own.concat(more)
}
