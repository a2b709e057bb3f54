/**
 * The profile that a route names. A new kind of service is a folder beside this file, a line here and one in
 * `config/schema/profiles.ts`.
 * @module
 */

import type { ProfileSettings } from '../config/schema/profiles.ts'
import { compileGocdProfile } from './gocd/gocd-profile.ts'
import { httpProfile, type RouteProfile } from './profile.ts'
import type { ProfileContext } from './profile-context.ts'
import { compileReadthedocsProfile } from './readthedocs/readthedocs-profile.ts'
import { compileRegistryProfile } from './registry/registry-profile.ts'
import { compileSentryProfile } from './sentry/sentry-profile.ts'
import { compileSwiftProfile } from './swift/swift-profile.ts'

type ProfileName = keyof ProfileSettings
type AllSettings = { readonly [Name in ProfileName]-?: NonNullable<ProfileSettings[Name]> }

const compilers: {
  readonly [Name in ProfileName]: (settings: AllSettings[Name], context: ProfileContext) => RouteProfile
} = {
  gocd: compileGocdProfile,
  readthedocs: compileReadthedocsProfile,
  registry: compileRegistryProfile,
  sentry: compileSentryProfile,
  swift: compileSwiftProfile,
}

export function compileProfile(settings: ProfileSettings, context: ProfileContext): RouteProfile {
  const names = Object.keys(compilers) as readonly ProfileName[]
  const name = names.find((each) => settings[each] !== undefined)
  return name === undefined ? httpProfile : compileAs(name, settings, context)
}

function compileAs<Name extends ProfileName>(
  name: Name,
  settings: { readonly [Each in ProfileName]?: AllSettings[Each] | undefined },
  context: ProfileContext,
): RouteProfile {
  const own = settings[name]
  return own === undefined ? httpProfile : compilers[name](own, context)
}
