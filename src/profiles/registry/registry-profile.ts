/**
 * Sallyport before a container registry, unmodified: clients log in at the gateway's token endpoint and come back with a
 * registry token, and each of their requests is decided on by what the token behind it may do at that moment.
 * @module
 */

import { compileKindRule } from '../../authorize/rules/kind.ts'
import { tokenNetworkRule } from '../../authorize/rules/network.ts'
import type { Rule } from '../../authorize/rules/rule.ts'
import type { RegistrySettings } from '../../config/schema/profiles/registry.ts'
import { answerKeys } from '../../request/answer-keys.ts'
import { answerWith } from '../../request/answer-with.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { RouteProfile, Visit } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { noteToken } from './note-token.ts'
import { problemOfScopes, type ScopeNeed, scopesOf } from './registry-access.ts'
import { readPresented, readRegistryToken } from './registry-credential.ts'
import { readRegistryOperation } from './registry-operation.ts'
import { compileRenderRefusal } from './registry-refusals.ts'
import { RegistryTokens } from './registry-tokens.ts'
import { returningHere } from './return-here.ts'
import { TokenEndpoint } from './token-endpoint.ts'

const base = '/v2/'

/** Compile the profile of one route. Keys are made when the first registry token is. */
export function compileRegistryProfile(settings: RegistrySettings, context: ProfileContext): RouteProfile {
  const { tokenPaths, keysPath, scopes: need } = settings
  const { upstream } = context
  const tokens = new RegistryTokens(settings, context.findServices)
  const endpoint = new TokenEndpoint({ settings, context, tokens })
  const answerBase = compileBase(tokens, context)

  return {
    screen: ({ rawPath }) =>
      rawPath.startsWith(base) || tokenPaths.includes(rawPath) || rawPath === keysPath
        ? undefined
        : refuse('not_found', 'neither the registry nor an endpoint of the gateway'),
    serve(visit) {
      const { rawPath } = visit.request
      if (rawPath === base) return () => answerBase(visit)
      if (tokenPaths.includes(rawPath)) return () => endpoint.serve(visit)
      return rawPath === keysPath
        ? async () => answerKeys(visit.exchange, visit.request.method, context.findServices().keyRing)
        : undefined
    },
    readAuthorization: readRegistryToken,
    resolve: (credential, client, request) => tokens.resolve(credential, client, request),
    rules: [operationRule(need)],
    rewriteAnswer: (headers, request) => returningHere(headers, [upstream.authority, request.authority]),
    renderRefusal: compileRenderRefusal(settings),
    isInternalHeader: (folded) => folded.startsWith('gitlab-workhorse-'),
  }
}

function operationRule(need: ScopeNeed): Rule {
  return ({ token, request }) => {
    const operation = readRegistryOperation(request)
    if ('repository' in operation) return problemOfScopes(token, scopesOf(operation), need)
    const reason = operation.kind === 'unknown' ? operation.reason : 'no list of all repositories is shown'
    return refuse('not_found', reason)
  }
}

/** Clients ask at `/v2/` whether they are logged in; there is nothing that the registry would have to say. */
function compileBase(tokens: RegistryTokens, { kinds, mode }: ProfileContext) {
  const kindRule = compileKindRule(kinds)
  return async ({ exchange, request, client, resource }: Visit): Promise<Refusal | undefined> => {
    if (!isReading(request.method)) return refuse('not_found', 'no method of /v2/')
    const credential = readPresented(request.rawHeaders)
    if (credential === undefined) return refuse('credential_required', 'no registry token')
    if (isRefusal(credential)) return credential
    exchange.notes.credentialScheme = credential.scheme
    const token = await tokens.resolve(credential, client, request)
    if (isRefusal(token)) return token
    noteToken(exchange, token)
    const input = { token, request, client, resource }
    const refusal = mode === 'enforce' ? (kindRule(input) ?? tokenNetworkRule(input)) : undefined
    if (refusal === undefined) answerWith(exchange, '', ['docker-distribution-api-version', 'registry/2.0'])
    return refusal
  }
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
