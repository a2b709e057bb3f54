/**
 * From the settings of routes to the table that requests are matched with: every pattern, rule and header list
 * is read here, once. What cannot be compiled is reported with its place in the file.
 * @module
 */

import { compileChallenges } from '../authenticate/challenge.ts'
import {
  compileExtractCredential,
  credentialHeadersOf,
  queryParametersOf,
} from '../authenticate/extract-credential.ts'
import { compileAuthorize } from '../authorize/authorize.ts'
import { compileAdmitPreflight } from '../authorize/preflight.ts'
import type { Report } from '../config/problems.ts'
import type { LimitSettings } from '../config/schema/limits.ts'
import type { RouteSettings } from '../config/schema/routes.ts'
import type { Settings } from '../config/schema/settings.ts'
import { compileFacts } from '../facts/facts.ts'
import type { Upstream } from '../forward/upstreams.ts'
import type { Clock } from '../lib/clock.ts'
import type { LimitBook } from '../limits/limit-book.ts'
import { compileProfile } from '../profiles/compile-profile.ts'
import type { RouteProfile } from '../profiles/profile.ts'
import type { RouteProfiles } from '../profiles/route-profiles.ts'
import type { FindServices } from '../profiles/services.ts'
import { type AssertGrant, assertNothing, compileAssertGrant } from '../rewrite/assertion-header.ts'
import { compileFilterResponse } from '../rewrite/filter-response.ts'
import { compileIdentityHeaders, type HeaderPairs } from '../rewrite/identity-headers.ts'
import {
  compilePrivilegedHeaders,
  guardInternal,
  type PrivilegedHeaders,
} from '../rewrite/privileged-headers.ts'
import { compileRewriteRequest } from '../rewrite/rewrite-request.ts'
import { parseHostPattern } from '../route/host-pattern.ts'
import { type PatternPiece, parameterNames, parsePattern } from '../route/path-pattern.ts'
import { type RouteEntry, RouteTable } from '../route/route-table.ts'
import { signAssertion } from '../tokens/assertions/grant-assertion.ts'
import type { RoutePlan } from './plan.ts'
import { type Refusal, refuse } from './refusal.ts'

/** What the routes share. */
export interface RoutesContext {
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly clock: Clock
  readonly findServices: FindServices
  readonly profiles: RouteProfiles
  readonly limitBook: LimitBook
  readonly limits: Readonly<Record<string, LimitSettings>>
  readonly assertion: Settings['assertion']
}

/** Header names that one route guards and another might let through: they are guarded on all. */
interface SharedNames {
  readonly credentialHeaders: ReadonlySet<string>
  readonly identityNames: ReadonlySet<string>
}

/** Compile all routes. A route that has a problem is left out of the table, so that it answers nothing. */
export function compileRoutes(
  routes: readonly RouteSettings[],
  context: RoutesContext,
  report: Report,
): RouteTable<RoutePlan> {
  const shared: SharedNames = {
    credentialHeaders: new Set(
      routes.flatMap((route) => [...credentialHeadersOf(route.credentials), ...ownCredentialNames(route)]),
    ),
    identityNames: new Set(routes.flatMap(assertedNames)),
  }
  return new RouteTable(
    routes.flatMap((route, index) => {
      const compiled = compileRoute(route, shared, context, (path, message) =>
        report(['routes', index, ...path], message),
      )
      return compiled === undefined ? [] : [compiled]
    }),
  )
}

function compileRoute(
  route: RouteSettings,
  shared: SharedNames,
  context: RoutesContext,
  report: Report,
): RouteEntry<RoutePlan> | undefined {
  const pieces = attempt(() => parsePattern(route.match.path), ['match', 'path'], report)
  const privileged = attempt(
    () => compilePrivilegedHeaders(route.privilegedHeaders),
    ['privilegedHeaders', 'translate'],
    report,
  )
  const hosts = attempt(() => hostsOf(route), ['match', 'hosts'], report)
  const upstream = context.upstreams.get(route.upstream)
  if (!pieces || !privileged || !hosts || !upstream) return undefined
  const profile = context.profiles.profileOf(route, upstream, () =>
    compileProfile(route.profile, {
      upstream,
      isPrivileged: (folded) => privileged.guardOf(folded) === 'privileged',
      credentials: route.credentials,
      kinds: route.authorize.kinds,
      mode: route.mode,
      passesCredential: route.upstreamCredential === 'passthrough',
      findServices: context.findServices,
    }),
  )
  const guarded = guardInternal(privileged, profile.isInternalHeader)
  return {
    name: route.name,
    hosts: hosts.length === 0 ? undefined : hosts,
    methods: route.match.methods && new Set(route.match.methods),
    pieces,
    pathMode: route.pathMode,
    plan: planOf(route, { ...shared, ...context, pieces, privileged: guarded, upstream, profile }, report),
  }
}

/** No hosts means every host; the schema lets no empty list through. */
function hostsOf({ match }: RouteSettings): readonly string[] {
  return (match.hosts ?? []).map(parseHostPattern)
}

interface Compiled extends SharedNames, Omit<RoutesContext, 'upstreams' | 'profiles'> {
  readonly pieces: readonly PatternPiece[]
  readonly privileged: PrivilegedHeaders
  readonly upstream: Upstream
  readonly profile: RouteProfile
}

function planOf(route: RouteSettings, compiled: Compiled, report: Report): RoutePlan {
  const { pieces, privileged, upstream, profile, clock } = compiled
  const { scopes } = route.authorize
  const neededScopes = [...(scopes?.allOf ?? []), ...(scopes?.anyOf ?? [])]
  const ownCredentialHeaders = credentialHeadersOf(route.credentials)
  const isFactless = Object.keys(route.facts).length === 0
  const findFacts = isFactless
    ? undefined
    : (attempt(
        () =>
          compileFacts(route.facts, {
            parameterNames: parameterNames(pieces),
            upstream,
            credentialHeaders: ownCredentialHeaders,
          }),
        ['facts'],
        report,
      ) ?? unknownFacts)
  const challenges = compileChallenges(route.credentials, route.realm, neededScopes)
  return {
    profile,
    isPublic: route.authorize.public ?? false,
    missingCredential: route.missingCredential,
    invalidCredential: route.invalidCredential,
    allowsUnderscoreNames: route.allowUnderscoreHeaders,
    challenges,
    limits: compiled.limitBook.limitsOf(route, compiled.limits),
    extractCredential: compileExtractCredential(route.credentials, profile.readAuthorization),
    authorize: compileAuthorize(route.authorize, {
      parameterNames: [...parameterNames(pieces), ...Object.keys(route.facts)],
      scopeChallenge: challenges.insufficientScope,
      clock,
      profile,
      findFacts,
      report: (setting, message) => report(['authorize', setting], message),
    }),
    admitPreflight: compileAdmitPreflight(route),
    sharedCredential: sharedCredentialOf(route),
    conclusion: { mode: route.mode, onRefusal: route.onRefusal },
    assertGrant: assertGrantOf(route, compiled),
    rewriteRequest: compileRewriteRequest({
      privileged,
      fromNonOwner: route.privilegedHeaders.fromNonOwner,
      isShadow: route.mode === 'shadow',
      credentialHeaders: compiled.credentialHeaders,
      identityNames: compiled.identityNames,
      identityOf: compileIdentityHeaders(route.identityHeaders),
      passesCredential: route.upstreamCredential === 'passthrough',
      isWithheldFromTokens: profile.isWithheldFromTokens,
      ownCredentialHeaders,
      queryParameters: queryParametersOf(route.credentials),
      upstreamAuthority: route.hostHeader === 'upstream' ? upstream.authority : undefined,
    }),
    upstream,
    filterResponse: compileFilterResponse(privileged, profile.isWithheldFromTokens),
    upgrade: {
      protocols: new Set(route.upgrade.protocols),
      idleMs: route.upgrade.idle,
      lifetimeMs: route.upgrade.lifetime,
    },
    timeouts: {
      headers: route.timeouts.headers ?? upstream.timeouts.headers,
      bodyIdle: route.timeouts.bodyIdle ?? upstream.timeouts.bodyIdle,
      total: route.timeouts.total,
    },
  }
}

/** Headers in which the gateway presents credentials of its own: no client gets to present one there. */
function ownCredentialNames({ upstreamCredential, facts }: RouteSettings): readonly string[] {
  const ofFacts = Object.values(facts).map((fact) => ('credential' in fact ? fact.credential : 'none'))
  return [upstreamCredential, ...ofFacts].flatMap((own) => (typeof own === 'string' ? [] : [own.header]))
}

/** Headers in which the gateway says whom it has let through. */
function assertedNames({ identityHeaders, assertion }: RouteSettings): readonly string[] {
  return [...Object.keys(identityHeaders), ...(assertion === undefined ? [] : [assertion.header])]
}

/** A route that is to assert, where nobody says in whose name, asserts nothing: its upstream misses the proof. */
function assertGrantOf(
  { name, upstream, assertion: wanted }: RouteSettings,
  { assertion, findServices, clock }: Compiled,
): AssertGrant {
  if (assertion === undefined || wanted === undefined) return assertNothing
  const { issuer, algorithm, lifetime } = assertion
  const audience = wanted.audience ?? upstream
  const terms = { issuer, algorithm, lifetimeMs: lifetime, audience, route: name }
  return compileAssertGrant({
    header: wanted.header,
    keyRing: () => findServices().keyRing,
    sign: (token, access, ring, now) => signAssertion(token, access, terms, ring, now),
    now: () => clock.now(),
  })
}

function sharedCredentialOf({ upstreamCredential }: RouteSettings): HeaderPairs {
  return typeof upstreamCredential === 'string' ? [] : [upstreamCredential.header, upstreamCredential.value]
}

/** Without its facts a route would decide on less than it was meant to. */
function unknownFacts(): Promise<Refusal> {
  return Promise.resolve(refuse('cannot_decide', 'the facts of the route are not valid'))
}

function attempt<Value>(compile: () => Value, path: readonly string[], report: Report): Value | undefined {
  try {
    return compile()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, error.message)
    return undefined
  }
}
