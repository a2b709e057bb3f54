/**
 * `GET /jwt/auth`: a login with a token of the gateway, answered with a registry token. It names the token and never holds
 * its text, and grants of what was asked for as much as the token may do.
 * @module
 */

import { present } from '../../authenticate/credential.ts'
import { compileKindRule } from '../../authorize/rules/kind.ts'
import { tokenNetworkRule } from '../../authorize/rules/network.ts'
import type { RegistrySettings } from '../../config/schema/profiles/registry.ts'
import { answerWith } from '../../request/answer-with.ts'
import type { Exchange } from '../../request/exchange.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { SignedStatement } from '../../tokens/assertions/sign-statement.ts'
import type { Token } from '../../tokens/token.ts'
import type { Visit } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { noteToken } from './note-token.ts'
import { allowedScopes, problemOfToken } from './registry-access.ts'
import { type RegistryLogin, readRegistryLogin, registryTokenLengthMax } from './registry-credential.ts'
import { parseScopes, type RepositoryScope } from './registry-scope.ts'
import type { RegistryTokens } from './registry-tokens.ts'

export interface TokenEndpointOptions {
  readonly settings: RegistrySettings
  readonly context: Pick<ProfileContext, 'kinds' | 'mode' | 'findServices'>
  readonly tokens: RegistryTokens
}

export class TokenEndpoint {
  readonly #options: TokenEndpointOptions
  readonly #kindRule: ReturnType<typeof compileKindRule>

  constructor(options: TokenEndpointOptions) {
    this.#options = options
    this.#kindRule = compileKindRule(options.context.kinds)
  }

  /** Answers the client, or yields the refusal. */
  async serve(visit: Visit): Promise<Refusal | undefined> {
    const { request, exchange } = visit
    const asked = this.#readQuestion(visit)
    if (isRefusal(asked)) return asked
    const login = readRegistryLogin(request.rawHeaders)
    if (login === undefined) return refuse('credential_required', 'nobody logs in')
    if (isRefusal(login)) return login
    const token = await this.#logIn(login, visit)
    if (isRefusal(token)) return token
    const scopes = this.#grant(token, asked, visit)
    if (isRefusal(scopes)) return scopes
    const signed = await this.#options.tokens.sign(token, scopes)
    if (signed.text.reveal().length > registryTokenLengthMax) {
      return refuse('malformed_request', 'more scopes than fit into a registry token')
    }
    answer(exchange, signed)
    return undefined
  }

  /** What the client asks for, before anybody looks at who it is. */
  #readQuestion({ request }: Visit): readonly RepositoryScope[] | Refusal {
    const { service, enabled } = this.#options.settings
    if (request.method !== 'GET') return refuse('not_found', 'tokens are had with GET alone')
    const [named, another] = new URLSearchParams(request.query).getAll('service')
    if (named !== service || another !== undefined) return refuse('not_found', 'a token for another service')
    if (!enabled) {
      return refuse('not_found', 'the profile is switched off', { detail: 'dependency proxy not enabled' })
    }
    return parseScopes(request.query)
  }

  async #logIn({ user, password }: RegistryLogin, { exchange, client }: Visit): Promise<Token | Refusal> {
    const { resolveToken, failures } = this.#options.context.findServices()
    const credential = present('basic', password.reveal())
    exchange.notes.credentialScheme = credential.scheme
    const token = await resolveToken(credential, client, exchange.incoming.socket)
    if (isRefusal(token)) return token
    noteToken(exchange, token)
    if (token.kind !== 'deploy' || user === token.subject.name) return token
    failures.count(client)
    return refuse('invalid_token', 'a deploy token under another user name')
  }

  /** Less than what is asked for is granted in silence; nothing of it is a refusal. */
  #grant(
    token: Token,
    asked: readonly RepositoryScope[],
    { request, resource, client, exchange }: Visit,
  ): readonly RepositoryScope[] | Refusal {
    const { settings, context } = this.#options
    const input = { token, request, resource, client }
    const granted = allowedScopes(token, asked, settings.scopes)
    const problem =
      this.#kindRule(input) ??
      tokenNetworkRule(input) ??
      problemOfToken(token, settings.scopes) ??
      (granted.length === 0 && asked.length > 0
        ? refuse('binding_mismatch', 'the token may do nothing of what is asked for')
        : undefined)
    if (problem === undefined) return context.mode === 'shadow' ? asked : granted
    if (context.mode === 'enforce') return problem
    exchange.notes.shadowed ??= problem
    return asked
  }
}

/** `access_token` is what clients of OAuth look for; without `expires_in` some take it for a minute. */
function answer(exchange: Exchange, { text, issuedAt, expiresAt }: SignedStatement): void {
  const token = text.reveal()
  const body = JSON.stringify({
    token,
    access_token: token,
    expires_in: (expiresAt - issuedAt) / 1_000,
    issued_at: new Date(issuedAt).toISOString(),
  })
  const type = ['content-type', 'application/json; charset=utf-8']
  answerWith(exchange, body, [...type, 'cache-control', 'no-store'])
}
