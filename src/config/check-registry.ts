/**
 * Routes in front of a container registry.
 * @module
 */

import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

const tokenLifetimeMsMax = 3_600_000

/** The profile reads paths, credentials and bindings itself; what else a route may say of them would look as if it held. */
export function checkRegistry(route: RouteSettings, path: SettingPath, refuse: Report): void {
  const { registry } = route.profile
  if (registry === undefined) return
  const { authorize, match } = route
  const beside = 'with profile.registry'
  const expectations: [setting: string[], isMet: boolean, message: string][] = [
    [
      ['match', 'path'],
      /^\/\{[^{}]+\*\}$/.test(match.path),
      `expected «/{path*}» ${beside}: it serves all paths`,
    ],
    [['match', 'methods'], match.methods === undefined, `has no place ${beside}; remove it`],
    [['pathMode'], route.pathMode === 'strict', `expected strict ${beside}`],
    [['credentials'], String(route.credentials) === 'bearer', `expected [bearer] ${beside}`],
    [['missingCredential'], route.missingCredential === 'refuse', `expected refuse ${beside}`],
    [['invalidCredential'], route.invalidCredential === 'refuse', `expected refuse ${beside}`],
    [['preflight'], route.preflight === 'authorize', `expected authorize ${beside}`],
    [['authorize', 'public'], authorize.public !== true, `has no place ${beside}; remove it`],
    [['authorize', 'system'], authorize.system === 'refuse', `expected refuse ${beside}`],
    [['authorize', 'bindings'], isEmpty(authorize.bindings), `has no effect ${beside}; remove it`],
    [
      ['authorize', 'ignoreBindings'],
      isEmpty(authorize.ignoreBindings),
      `has no effect ${beside}; remove it`,
    ],
    [['authorize', 'access'], authorize.access === 'by-method', `has no effect ${beside}; remove it`],
    [['authorize', 'scopes'], authorize.scopes === undefined, 'say it in profile.registry.scopes'],
    [
      ['profile', 'registry', 'tokenLifetime'],
      registry.tokenLifetime <= tokenLifetimeMsMax,
      'expected at most 1h',
    ],
    [
      ['profile', 'registry', 'keysPath'],
      !registry.tokenPaths.includes(registry.keysPath),
      'expected another path than those of tokenPaths',
    ],
  ]
  for (const [setting, isMet, message] of expectations) {
    if (!isMet) refuse([...path, ...setting], message)
  }
}

function isEmpty(given: object): boolean {
  return Object.keys(given).length === 0
}
