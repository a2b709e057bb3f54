/**
 * Routes in front of Swift.
 * @module
 */

import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

const factTtlMsMax = 60_000

/** Swift's own reading of a path is the only one there; what else a route may say of paths would look as if it held. */
export function checkSwift(route: RouteSettings, path: SettingPath, refuse: Report, warn: Report): void {
  const { profile, pathMode, upstreamCredential, authorize, preflight } = route
  if (profile.swift === undefined) return
  const beside = 'with profile.swift'
  if (pathMode !== 'raw-exact')
    refuse([...path, 'pathMode'], `expected raw-exact ${beside}, which reads paths itself`)
  if (upstreamCredential !== 'strip') {
    refuse([...path, 'upstreamCredential'], `expected strip ${beside}, which sends Swift its own token`)
  }
  if (preflight === 'forward') {
    refuse([...path, 'preflight'], `has no effect ${beside}: Swift answers them; remove it`)
  }
  const idle = { bindings: Object.keys(authorize.bindings), ignoreBindings: authorize.ignoreBindings }
  for (const [rule, given] of Object.entries(idle)) {
    if (given.length > 0) refuse([...path, 'authorize', rule], `has no effect ${beside}; remove it`)
  }
  if (authorize.access !== 'by-method')
    refuse([...path, 'authorize', 'access'], `has no effect ${beside}; remove it`)
  if (profile.swift.factTtl > factTtlMsMax) {
    refuse(
      [...path, 'profile', 'swift', 'factTtl'],
      'expected at most 60s, which Swift remembers its own ACLs for',
    )
  }
  if (!authorize.kinds.includes('session')) {
    warn([...path, 'authorize', 'kinds'], 'without «session» whoever logs in may do nothing')
  }
}
