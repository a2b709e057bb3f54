/**
 * Limits that a route names and nobody has set, or that could never concern it.
 * @module
 */

import { nearestName } from './nearest-name.ts'
import type { Report } from './problems.ts'
import type { LimitSettings } from './schema/limits.ts'
import type { Settings } from './schema/settings.ts'

export function checkLimits({ limits, routes }: Partial<Settings>, refuse: Report): void {
  if (limits === undefined) return
  for (const [index, route] of (routes ?? []).entries()) {
    for (const [place, name] of route.limits.entries()) {
      const isPublic = route.authorize.public === true
      const problem =
        route.limits.indexOf(name) < place ? `«${name}» is named twice` : problemOf(name, limits, isPublic)
      if (problem !== undefined) refuse(['routes', index, 'limits', place], problem)
    }
  }
}

function problemOf(
  name: string,
  limits: Readonly<Record<string, LimitSettings>>,
  isPublic: boolean,
): string | undefined {
  const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
  if (limit === undefined) {
    const near = nearestName(name, Object.keys(limits))
    return `limits has no «${name}»; ${near === undefined ? 'add it there' : `did you mean «${near}»?`}`
  }
  const needsToken = limit.by.includes('token') || limit.by.includes('subject')
  return isPublic && needsToken
    ? 'counts by token or subject, which a public route does not know; count by address there'
    : undefined
}
