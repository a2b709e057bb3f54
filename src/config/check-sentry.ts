/**
 * Routes in front of Sentry.
 * @module
 */

import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

/** Bindings are read off Sentry's own paths; what else a route may say of them would look as if it held. */
export function checkSentry(route: RouteSettings, path: SettingPath, refuse: Report): void {
  const { profile, pathMode, authorize } = route
  if (profile.sentry === undefined) return
  const beside = 'with profile.sentry'
  if (pathMode !== 'strict')
    refuse([...path, 'pathMode'], `expected strict ${beside}, which reads names in the path`)
  const idle = { bindings: Object.keys(authorize.bindings), ignoreBindings: authorize.ignoreBindings }
  for (const [rule, given] of Object.entries(idle)) {
    if (given.length > 0) refuse([...path, 'authorize', rule], `has no effect ${beside}; remove it`)
  }
  if (authorize.access !== 'by-method')
    refuse([...path, 'authorize', 'access'], `has no effect ${beside}; remove it`)
  checkUpstreamCredential(route, path, refuse)
  checkSessions(route, path, refuse)
}

/** Whoever is let through gets what Sentry knows them by, and nobody gets what is another's. */
function checkUpstreamCredential(route: RouteSettings, path: SettingPath, refuse: Report): void {
  const { upstreamCredential, credentials, authorize, profile } = route
  const at = [...path, 'upstreamCredential']
  if (typeof upstreamCredential === 'object') {
    refuse(at, 'expected strip or passthrough: all tokens would be one at Sentry; see profile.sentry.token')
  }
  if (upstreamCredential === 'passthrough') {
    for (const setting of ['token', 'systemToken'] as const) {
      if (profile.sentry?.[setting])
        refuse([...path, 'profile', 'sentry', setting], 'has no effect with passthrough; remove one of them')
    }
    if (authorize.system !== 'refuse')
      refuse(at, "expected strip where the system token is admitted: Sentry does not know the gateway's")
    return
  }
  const readsKeys = credentials.some(
    (source) => typeof source === 'object' && ('query' in source || 'parameter' in source),
  )
  if (readsKeys) refuse(at, 'expected passthrough where keys are read: Sentry reads them itself')
}

function checkSessions(route: RouteSettings, path: SettingPath, refuse: Report): void {
  if (route.profile.sentry?.sessionCookie === undefined) return
  const at = [...path, 'profile', 'sentry', 'sessionCookie']
  if (route.authorize.public === true) refuse(at, 'has no effect beside public: true; remove one of them')
  if (route.missingCredential === 'anonymous')
    refuse(at, 'has no effect beside missingCredential: anonymous; remove one of them')
  if (route.preflight === 'forward')
    refuse([...path, 'preflight'], 'has no effect beside profile.sentry.sessionCookie; remove one of them')
}
