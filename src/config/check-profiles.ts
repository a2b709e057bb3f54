/**
 * What the routes of a profile may not say besides, because it would look as if it held.
 * @module
 */

import { checkSentry } from './check-sentry.ts'
import { checkSwift } from './check-swift.ts'
import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

export function checkProfile(route: RouteSettings, path: SettingPath, refuse: Report, warn: Report): void {
  checkSentry(route, path, refuse)
  checkSwift(route, path, refuse, warn)
}
