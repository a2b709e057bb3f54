/**
 * What the routes of a profile may not say besides, because it would look as if it held.
 * @module
 */

import { checkGocd } from './check-gocd.ts'
import { checkReadthedocs } from './check-readthedocs.ts'
import { checkRegistry } from './check-registry.ts'
import { checkSentry } from './check-sentry.ts'
import { checkSwift } from './check-swift.ts'
import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'

export function checkProfile(route: RouteSettings, path: SettingPath, refuse: Report, warn: Report): void {
  checkReadthedocs(route, path, refuse)
  checkGocd(route, path, refuse)
  checkRegistry(route, path, refuse)
  checkSentry(route, path, refuse)
  checkSwift(route, path, refuse, warn)
}
