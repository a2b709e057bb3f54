/**
 * The profiles of one configuration, route by route. What a profile remembers of its service outlives a reload that
 * leaves its route and its upstream as they were.
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { RouteSettings } from '../config/schema/routes.ts'
import type { Upstream } from '../forward/upstreams.ts'
import type { RouteProfile } from './profile.ts'

interface Compiled {
  readonly route: RouteSettings
  readonly upstream: Upstream
  readonly profile: RouteProfile
}

export class RouteProfiles {
  readonly #compiled = new Map<string, Compiled>()
  /** Those of the configuration before; its own predecessors are not kept. */
  readonly #former: ReadonlyMap<string, Compiled>

  constructor(former?: RouteProfiles) {
    this.#former = former === undefined ? new Map() : former.#compiled
  }

  /** Of all routes so far. */
  *all(): Iterable<RouteProfile> {
    for (const { profile } of this.#compiled.values()) yield profile
  }

  /** The profile that the route had before, if neither its settings nor its upstream have changed, else a new one. */
  profileOf(route: RouteSettings, upstream: Upstream, compile: () => RouteProfile): RouteProfile {
    const former = this.#former.get(route.name)
    const isKept =
      former !== undefined && former.upstream === upstream && isDeepStrictEqual(former.route, route)
    const profile = isKept ? former.profile : compile()
    this.#compiled.set(route.name, { route, upstream, profile })
    return profile
  }
}
