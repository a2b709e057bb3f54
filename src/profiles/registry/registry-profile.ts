/**
 * Sallyport before a container registry, unmodified: clients log in at the gateway's token endpoint and come back with a
 * registry token, and each of their requests is decided on by what the token behind it may do at that moment.
 * @module
 */

import type { Credential } from '../../authenticate/credential.ts'
import { compileKindRule } from '../../authorize/rules/kind.ts'
import { tokenNetworkRule } from '../../authorize/rules/network.ts'
import type { Rule } from '../../authorize/rules/rule.ts'
import type { Address } from '../../client-address/address.ts'
import type { RegistrySettings } from '../../config/schema/profiles/registry.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import type { Exchange } from '../../request/exchange.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { type Assertion, Assertions } from '../../tokens/assertions/assertions.ts'
import type { Token } from '../../tokens/token.ts'
import type { RouteProfile, Visit } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { problemOfScopes, type ScopeNeed, scopesOf } from './registry-access.ts'
import { grants, type RegistryGrant, registryAssertion } from './registry-assertion.ts'
import { readPresented, readRegistryToken } from './registry-credential.ts'
import { readRegistryOperation } from './registry-operation.ts'
import { compileRenderRefusal, narrowToken } from './registry-refusals.ts'
import { returningHere } from './return-here.ts'
import { noteToken, TokenEndpoint } from './token-endpoint.ts'

type Found = Token | Refusal

const base = '/v2/'

export function compileRegistryProfile(settings: RegistrySettings, context: ProfileContext): RouteProfile {
  const { findServices, upstream, kinds } = context
  const { tokenPaths, keysPath, scopes: need } = settings
  const kindRule = compileKindRule(kinds)
  let opened: Assertions<RegistryGrant> | undefined
  const assertions = () => {
    const services = findServices()
    opened ??= new Assertions(registryAssertion(settings), {
      keyRing: () => services.keyRing,
      clock: services.clock,
    })
    return opened
  }
  const endpoint = new TokenEndpoint({ settings, context, assertions })

  const resolve = (credential: Credential, client: Address, request: CanonicalRequest) => {
    const known = assertions().recall(credential.secret)
    return known === undefined
      ? verify(credential, client, request)
      : resolveAssertion(known, client, request)
  }

  /** Who comes with one that nobody signed is guessing; who comes with one that has expired is not. */
  const verify = async (credential: Credential, client: Address, request: CanonicalRequest) => {
    const assertion = await assertions().verify(credential.secret)
    if (typeof assertion === 'object') return resolveAssertion(assertion, client, request)
    if (assertion === 'expired') return refuse('invalid_token', 'the registry token has expired')
    const { failures } = findServices()
    const throttled = failures.screen(client, () => true)
    if (throttled !== undefined) return throttled
    failures.count(client)
    return refuse('invalid_token', 'not a registry token of this gateway')
  }

  const resolveAssertion = (
    { tokenId, content }: Assertion<RegistryGrant>,
    client: Address,
    request: CanonicalRequest,
  ): Found | Promise<Found> => {
    const narrow = (token: Found) => (isRefusal(token) ? token : narrowed(token, content, request, need))
    const token = findServices().resolveRecord(tokenId, client)
    return token instanceof Promise ? token.then(narrow) : narrow(token)
  }

  /** Clients ask here whether they are logged in; there is nothing that the registry would have to say. */
  const answerBase = async ({ exchange, request, client, resource }: Visit): Promise<Refusal | undefined> => {
    const credential = readPresented(request.rawHeaders)
    if (credential === undefined) return refuse('credential_required', 'no registry token')
    if (isRefusal(credential)) return credential
    exchange.notes.credentialScheme = credential.scheme
    const token = await resolve(credential, client, request)
    if (isRefusal(token)) return token
    noteToken(exchange, token)
    const input = { token, request, client, resource }
    const refusal = context.mode === 'enforce' ? (kindRule(input) ?? tokenNetworkRule(input)) : undefined
    if (refusal === undefined) answer(exchange, '', ['docker-distribution-api-version', 'registry/2.0'])
    return refusal
  }

  const answerKeys = async ({ exchange, request }: Visit): Promise<Refusal | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse('not_found', 'keys are only read')
    const body = JSON.stringify(await assertions().publicKeys())
    answer(exchange, body, ['content-type', 'application/json', 'cache-control', 'max-age=60'])
    return undefined
  }

  return {
    screen: ({ rawPath }) =>
      rawPath.startsWith(base) || tokenPaths.includes(rawPath) || rawPath === keysPath
        ? undefined
        : refuse('not_found', 'neither the registry nor an endpoint of the gateway'),
    serve(visit) {
      const { rawPath } = visit.request
      if (tokenPaths.includes(rawPath)) return endpoint.serve(visit)
      if (rawPath === keysPath) return answerKeys(visit)
      return readRegistryOperation(visit.request).kind === 'base' ? answerBase(visit) : undefined
    },
    readAuthorization: readRegistryToken,
    resolve,
    rules: [operationRule(need)],
    rewriteAnswer: (headers, request) => returningHere(headers, [upstream.authority, request.authority]),
    renderRefusal: compileRenderRefusal(settings),
    isInternalHeader: (folded) => folded.startsWith('gitlab-workhorse-'),
  }
}

/** What the token may do, but was not asked for, a client can have: it is told to ask. */
function narrowed(token: Token, content: RegistryGrant, request: CanonicalRequest, need: ScopeNeed): Found {
  const operation = readRegistryOperation(request)
  if (!('repository' in operation)) return token
  const scopes = scopesOf(operation)
  if (grants(content, scopes) || problemOfScopes(token, scopes, need) !== undefined) return token
  return refuse('invalid_token', 'the registry token was not asked for this', { detail: narrowToken })
}

function operationRule(need: ScopeNeed): Rule {
  return ({ token, request }) => {
    const operation = readRegistryOperation(request)
    if ('repository' in operation) return problemOfScopes(token, scopesOf(operation), need)
    const reason = operation.kind === 'unknown' ? operation.reason : 'no list of all repositories is shown'
    return refuse('not_found', reason)
  }
}

function answer({ response }: Exchange, body: string, headers: readonly string[]): void {
  if (response.destroyed) return
  response.writeHead(200, [...headers, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}
