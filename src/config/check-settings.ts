/**
 * What the schema of a single value cannot say: settings that contradict each other, name what does not
 * exist, or break a promise of the gateway together.
 * @module
 */

import { checkAssertion } from './check-assertion.ts'
import { checkDecision } from './check-decision.ts'
import { checkLimits } from './check-limits.ts'
import { checkListen } from './check-listen.ts'
import { checkOptOuts } from './check-opt-outs.ts'
import { checkProfile } from './check-profiles.ts'
import { checkRedis } from './check-redis.ts'
import { checkTracing } from './check-tracing.ts'
import { checkUpstreams } from './check-upstreams.ts'
import { nearestName } from './nearest-name.ts'
import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'
import type { Settings } from './schema/settings.ts'
import { soundNetwork } from './sound-network.ts'

/** How long a revoked token may still pass anywhere: what the gateway promises without Redis too. */
const revocationMsMax = 1000

/** How long an answer about a resource may be taken for true. */
const factTtlMsMax = 60_000

/** Checks the sections that are there; one that the schema refused is left out by the caller. */
export function checkSettings(settings: Partial<Settings>, refuse: Report, warn: Report): void {
  checkRecord(settings, refuse)
  checkLease(settings, refuse)
  checkListen(settings, refuse)
  checkDecision(settings, refuse)
  checkRedis(settings.cache?.redis, refuse)
  checkUpstreams(settings, refuse)
  checkLimits(settings, refuse)
  checkAssertion(settings, refuse)
  checkTracing(settings, refuse)
  checkRoutes(settings, refuse, warn)
  checkNetworks(settings, refuse)
  checkOptOuts(settings, refuse, warn)
}

function checkRecord({ store, keys }: Partial<Settings>, refuse: Report): void {
  if (store !== undefined && (store.postgres === undefined) === (store.sqlite === undefined)) {
    refuse(['store'], 'expected exactly one of postgres and sqlite')
  }
  if (keys !== undefined && (keys.file === undefined) === (keys.ring === undefined)) {
    refuse(['keys'], 'expected exactly one of file and ring')
  }
}

/** A replica that missed a change trusts its memory for one lease after the fetch before, and not longer. */
function checkLease({ cache }: Partial<Settings>, refuse: Report): void {
  if (cache === undefined) return
  if (cache.lease > revocationMsMax) {
    refuse(['cache', 'lease'], 'expected at most 1s, because a revoked token could pass for one whole lease')
  }
  if (cache.pollInterval >= cache.lease) {
    refuse(
      ['cache', 'pollInterval'],
      'expected less than cache.lease, because memory would be distrusted between two fetches',
    )
  }
}

function checkRoutes({ routes, upstreams, listen }: Partial<Settings>, refuse: Report, warn: Report): void {
  const names = new Set<string>()
  const matches = new Map<string, string>()
  for (const [index, route] of (routes ?? []).entries()) {
    const path = ['routes', index]
    if (names.has(route.name)) refuse([...path, 'name'], `another route is named «${route.name}» already`)
    names.add(route.name)

    if (upstreams !== undefined && !Object.hasOwn(upstreams, route.upstream)) {
      const near = nearestName(route.upstream, Object.keys(upstreams))
      const hint = near === undefined ? 'add it there' : `did you mean «${near}»?`
      refuse([...path, 'upstream'], `upstreams has no «${route.upstream}»; ${hint}`)
    }
    const other = claim(route, matches)
    if (other !== undefined) {
      refuse([...path, 'match'], `route «${other}» matches the same requests; narrow one of them`)
    }
    checkPublic(route, path, refuse)
    checkDeadlines(route, path, listen, refuse)
    checkFacts(route, path, refuse)
    checkProfile(route, path, refuse, warn)
    if (route.mode === 'shadow')
      warn([...path, 'mode'], 'in shadow mode the route lets every request through')
  }
}

/** Notes what the route matches, name by name of a parameter aside; the name of the route that did before, if any. */
function claim({ name, match }: RouteSettings, matches: Map<string, string>): string | undefined {
  const shape = match.path.replace(/\{[^}+*]*([+*]?)\}/g, '{$1}')
  let other: string | undefined
  for (const host of match.hosts ?? ['*']) {
    for (const method of match.methods ?? ['*']) {
      const key = JSON.stringify([host.toLowerCase(), method, shape])
      other ??= matches.get(key)
      matches.set(key, name)
    }
  }
  return other
}

/** Neither is a client cut off while it waits, nor does an upgrade stand where no request could ask for it. */
function checkDeadlines(
  { timeouts, match, upgrade }: RouteSettings,
  path: SettingPath,
  listen: Settings['listen'] | undefined,
  refuse: Report,
): void {
  for (const phase of ['headers', 'bodyIdle'] as const) {
    if (listen === undefined || (timeouts[phase] ?? 0) < listen.timeouts.idle) continue
    refuse(
      [...path, 'timeouts', phase],
      'expected less than listen.timeouts.idle, or the client is cut off while it waits',
    )
  }
  if (upgrade.protocols.length > 0 && match.methods?.includes('GET') === false) {
    refuse([...path, 'upgrade', 'protocols'], 'has no effect on a route without GET; remove one of them')
  }
}

/** A rule beside `public: true` looks as if it held, and does not. */
function checkPublic(route: RouteSettings, path: SettingPath, refuse: Report): void {
  const { authorize, preflight } = route
  if (authorize.public !== true) return
  for (const setting of ['missingCredential', 'invalidCredential'] as const) {
    if (route[setting] === 'refuse') continue
    refuse([...path, setting], 'has no effect beside public: true; remove one of them')
  }
  if (preflight === 'forward') {
    refuse([...path, 'preflight'], 'has no effect beside public: true; remove one of them')
  }
  const rules = {
    system: authorize.system !== 'refuse',
    scopes: authorize.scopes !== undefined,
    bindings: Object.keys(authorize.bindings).length > 0,
    networks: authorize.networks !== undefined,
    access: authorize.access !== 'by-method',
    condition: authorize.condition !== undefined,
  }
  for (const [rule, given] of Object.entries(rules)) {
    if (given) refuse([...path, 'authorize', rule], 'has no effect beside public: true; remove one of them')
  }
}

function checkFacts({ facts, authorize }: RouteSettings, path: SettingPath, refuse: Report): void {
  if (authorize.public === true && Object.keys(facts).length > 0) {
    refuse([...path, 'facts'], 'has no effect beside public: true; remove one of them')
  }
  for (const [name, fact] of Object.entries(facts)) {
    if ('ttl' in fact && fact.ttl > factTtlMsMax)
      refuse([...path, 'facts', name, 'ttl'], 'expected at most 60s')
  }
}

function checkNetworks({ clientAddress, systemToken, routes }: Partial<Settings>, refuse: Report): void {
  const check = (path: SettingPath, cidrs: readonly string[] = []) => {
    for (const [index, cidr] of cidrs.entries()) {
      if (soundNetwork(cidr) !== undefined) continue
      refuse([...path, index], 'expected an address or a CIDR block such as 10.0.0.0/8 or fd00::/8')
    }
  }
  check(['clientAddress', 'trustedProxies'], clientAddress?.trustedProxies)
  check(['systemToken', 'networks'], systemToken?.networks)
  for (const [index, { authorize }] of (routes ?? []).entries()) {
    check(['routes', index, 'authorize', 'networks'], authorize.networks)
  }
}
