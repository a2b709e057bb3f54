/**
 * Decides whether a token may pass on a route. Every rule that the route gives must hold; the first that does
 * not is the refusal. Compiled once per route; a decision itself is never cached.
 * @module
 */

import type { Address } from '../client-address/address.ts'
import type { RouteSettings } from '../config/schema/routes.ts'
import type { FindFacts } from '../facts/facts.ts'
import type { Clock } from '../lib/clock.ts'
import type { RouteProfile } from '../profiles/profile.ts'
import type { BodySource } from '../request/body-peek.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import type { Access, Token } from '../tokens/token.ts'
import { type Grant, grant } from './grant.ts'
import { compileAccessRule } from './rules/access.ts'
import { compileBindingRule } from './rules/binding.ts'
import { compileConditionRule } from './rules/condition-rule.ts'
import { compileKindRule } from './rules/kind.ts'
import { compileRouteNetworkRule, tokenNetworkRule } from './rules/network.ts'
import { tokenPathRule } from './rules/path.ts'
import type { Resource, Rule, RuleInput } from './rules/rule.ts'
import { compileScopeRule } from './rules/scope.ts'

/** The decision of one route about a live token: at once, unless the service itself has to be asked. */
export type Authorize = (
  token: Token,
  request: CanonicalRequest,
  resource: Resource,
  client: Address,
  body: BodySource,
) => Grant | Refusal | Promise<Grant | Refusal>

/** What compiling needs to know of a route besides its `authorize` settings. */
export interface AuthorizeContext {
  readonly parameterNames: readonly string[]
  /** WWW-Authenticate for want of scope. */
  readonly scopeChallenge: string
  readonly clock: Clock
  readonly profile: Pick<RouteProfile, 'rules' | 'standing'>
  /** Looks up what the rest of the rules need to know of the resource; `undefined` where it all stands in the request. */
  readonly findFacts: FindFacts | undefined
  /** Takes what is wrong with one of the settings. */
  readonly report: (setting: string, message: string) => void
}

/** Compile `authorize` of a route. A setting that cannot be compiled is reported, and its rule refuses all. */
export function compileAuthorize(settings: RouteSettings['authorize'], context: AuthorizeContext): Authorize {
  const { ofToken, ofResource } = compileRules(settings, context)
  const { system } = settings
  const { findFacts, profile } = context
  const conclude = (input: RuleInput) => {
    const refusal = firstRefusal(ofResource, input)
    if (refusal !== undefined) return refusal
    const { token } = input
    return profile.standing === undefined
      ? grant('token', token, token.access)
      : grantBy(profile.standing, input)
  }
  return (token, request, resource, client, body) => {
    if (token.kind === 'system') {
      return system === 'refuse'
        ? refuse('kind_not_allowed', 'the route does not admit the system token')
        : grant('system', token, 'owner')
    }
    if (system === 'only') return refuse('kind_not_allowed', 'the route admits the system token alone')
    const input = { token, request, resource, client }
    const refusal = firstRefusal(ofToken, input)
    if (refusal !== undefined) return refusal
    if (findFacts === undefined) return conclude(input)
    return findFacts(input, body).then((facts) =>
      isRefusal(facts)
        ? facts
        : conclude({ ...input, resource: { parameters: resource.parameters, path: resource.path, facts } }),
    )
  }
}

function firstRefusal(rules: readonly Rule[], input: RuleInput): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule(input)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** What the service itself says of the token's standing. */
function grantBy(
  standing: NonNullable<RouteProfile['standing']>,
  input: RuleInput,
): Grant | Refusal | Promise<Grant | Refusal> {
  const { token } = input
  const access = standing(input)
  return access instanceof Promise ? access.then((found) => grantOf(token, found)) : grantOf(token, access)
}

function grantOf(token: Token, access: Access | Refusal): Grant | Refusal {
  return typeof access === 'string' ? grant('token', token, access) : access
}

/** The grant of a public route: no token, no access, no owner. */
export function authorizePublic(): Grant {
  return grant('public', undefined, 'none')
}

/** The grant of a request without a good credential, where the service itself says what it may: none goes up with it. */
export function authorizeAnonymous(): Grant {
  return grant('anonymous', undefined, 'none')
}

/** Rules on the token alone come first: nobody is asked about a resource for a token that may not come here at all. */
interface Rules {
  readonly ofToken: readonly Rule[]
  readonly ofResource: readonly Rule[]
}

function compileRules(settings: RouteSettings['authorize'], context: AuthorizeContext): Rules {
  const compile = (setting: string, make: () => Rule): Rule => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      context.report(setting, error.message)
      return () => refuse('condition_not_met', `${setting} of the route is not valid`)
    }
  }
  const { networks, scopes, condition } = settings
  const { profile, parameterNames, scopeChallenge, clock } = context
  const ofToken = [
    compileKindRule(settings.kinds),
    tokenNetworkRule,
    ...(networks ? [compile('networks', () => compileRouteNetworkRule(networks))] : []),
  ]
  const ofResource = [
    ...(profile.rules ?? [
      compile('bindings', () =>
        compileBindingRule(settings.bindings, settings.ignoreBindings, parameterNames),
      ),
      tokenPathRule,
    ]),
    ...(scopes ? [compileScopeRule(scopes, scopeChallenge)] : []),
    ...(profile.rules ? [] : [compileAccessRule(settings.access)]),
    ...(condition ? [compile('condition', () => compileConditionRule(condition, clock))] : []),
  ]
  return { ofToken, ofResource }
}
