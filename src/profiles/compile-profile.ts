/**
 * The profile that a route names.
 * @module
 */

import type { ProfileSettings } from '../config/schema/profiles.ts'
import { httpProfile, type RouteProfile } from './profile.ts'
import { compileSwiftProfile, type SwiftProfileContext } from './swift/swift-profile.ts'

export type ProfileContext = SwiftProfileContext

export function compileProfile({ swift }: ProfileSettings, context: ProfileContext): RouteProfile {
  return swift === undefined ? httpProfile : compileSwiftProfile(swift, context)
}
