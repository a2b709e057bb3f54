/**
 * Routes in front of GoCD.
 * @module
 */

import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

const userTtlMsMax = 60_000

/** GoCD's grammar of credentials and its words hold there; what a route says instead would look as if it held. */
export function checkGocd(route: RouteSettings, path: SettingPath, refuse: Report): void {
  const { profile, upstream, authorize, credentials } = route
  if (profile.gocd === undefined) return
  const beside = 'with profile.gocd'
  if (route.pathMode !== 'strict') {
    refuse([...path, 'pathMode'], `expected strict ${beside}, which drops «;» and what follows it in a path`)
  }
  if (route.upstreamCredential !== 'strip') {
    refuse([...path, 'upstreamCredential'], `expected strip ${beside}, which says itself what GoCD gets`)
  }
  if (credentials.length !== 1 || credentials[0] !== 'bearer') {
    refuse([...path, 'credentials'], `expected [bearer] ${beside}: passwords are for GoCD to check`)
  }
  for (const setting of ['missingCredential', 'invalidCredential'] as const) {
    if (route[setting] === 'anonymous') {
      refuse([...path, setting], `has no place ${beside}, which knows what goes without a token; remove it`)
    }
  }
  if (profile.gocd.userTtl > userTtlMsMax) {
    refuse(
      [...path, 'profile', 'gocd', 'userTtl'],
      'expected at most 60s, which GoCD itself remembers users for',
    )
  }
  if (profile.gocd.tokens !== 'gateway') return
  if (authorize.bindings.upstream !== upstream) {
    refuse(
      [...path, 'authorize', 'bindings', 'upstream'],
      `expected ${upstream} where the gateway makes the tokens, which are bound to it`,
    )
  }
  if (!authorize.kinds.includes('personal')) {
    refuse([...path, 'authorize', 'kinds'], 'expected «personal» among them: so are the tokens that are made')
  }
}
