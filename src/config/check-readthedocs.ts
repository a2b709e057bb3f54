/**
 * Routes in front of Read the Docs.
 * @module
 */

import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

export function checkReadthedocs(route: RouteSettings, path: SettingPath, refuse: Report): void {
  const { profile, pathMode, credentials } = route
  if (profile.readthedocs === undefined) return
  const beside = 'with profile.readthedocs'
  if (pathMode !== 'strict')
    refuse([...path, 'pathMode'], `expected strict ${beside}, which decides by paths`)
  if (!credentials.every((source) => source === 'token' || source === 'api-key')) {
    refuse(
      [...path, 'credentials'],
      `expected token, api-key or both ${beside}, which reads keys as the service does`,
    )
  }
  checkOwnCredential(route, path, refuse)
  if (profile.readthedocs.minting !== undefined) checkMinting(route, path, refuse)
}

/** With a credential that may do everything, the service narrows nothing. */
function checkOwnCredential(
  { upstreamCredential, authorize: { bindings } }: RouteSettings,
  path: SettingPath,
  refuse: Report,
): void {
  if (typeof upstreamCredential === 'string' || bindings.project !== undefined) return
  refuse(
    [...path, 'authorize', 'bindings'],
    "expected project beside a credential of the gateway's own, or every key would be one for every project",
  )
}

function checkMinting(
  { profile, authorize, upstreamCredential, missingCredential, invalidCredential, mode }: RouteSettings,
  path: SettingPath,
  refuse: Report,
): void {
  const beside = 'beside profile.readthedocs.minting'
  const { lifetime = 0, lifetimeMax = 0 } = profile.readthedocs?.minting ?? {}
  if (lifetime > lifetimeMax) {
    refuse([...path, 'profile', 'readthedocs', 'minting', 'lifetime'], 'expected at most lifetimeMax')
  }
  if (!authorize.scopes?.allOf && !authorize.scopes?.anyOf) {
    refuse([...path, 'authorize', 'scopes'], `expected a scope ${beside}, or every token could mint keys`)
  }
  const idle = {
    upstreamCredential: upstreamCredential !== 'strip',
    missingCredential: missingCredential !== 'refuse',
    invalidCredential: invalidCredential !== 'refuse',
    mode: mode !== 'enforce',
  }
  for (const [setting, given] of Object.entries(idle)) {
    if (given) refuse([...path, setting], `has no effect ${beside}; remove it`)
  }
  if (authorize.public === true)
    refuse([...path, 'authorize', 'public'], `nobody mints ${beside} without a token`)
}
