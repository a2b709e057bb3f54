/**
 * The profile that a route names. A new kind of service is a folder beside this file, a line here and one in
 * `config/schema/profiles.ts`.
 * @module
 */

import type { ProfileSettings } from '../config/schema/profiles.ts'
import { httpProfile, type RouteProfile } from './profile.ts'
import type { ProfileContext } from './profile-context.ts'
import { compileRegistryProfile } from './registry/registry-profile.ts'
import { compileSwiftProfile } from './swift/swift-profile.ts'

type ProfileName = keyof ProfileSettings
type AllSettings = { readonly [Name in ProfileName]-?: NonNullable<ProfileSettings[Name]> }

const compilers: {
  readonly [Name in ProfileName]: (settings: AllSettings[Name], context: ProfileContext) => RouteProfile
} = {
  registry: compileRegistryProfile,
  swift: compileSwiftProfile,
}

export function compileProfile(settings: ProfileSettings, context: ProfileContext): RouteProfile {
  for (const name of Object.keys(compilers) as readonly ProfileName[]) {
    const own = settings[name]
    if (own !== undefined) return compileAs(name, own, context)
  }
  return httpProfile
}

function compileAs<Name extends ProfileName>(
  name: Name,
  settings: AllSettings[Name],
  context: ProfileContext,
): RouteProfile {
  return compilers[name](settings, context)
}
