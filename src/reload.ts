/**
 * Follows the configuration file, and puts what it comes to hold in the place of what is in force: whole, as one
 * reference, or not at all.
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import {
  type Applied,
  FollowedSettings,
  type FollowedSettingsOptions,
  type GoodSettings,
} from './config/followed-settings.ts'
import { reportRestarts } from './config/needs-restart.ts'
import { createReporter, type Report } from './config/problems.ts'
import type { Settings } from './config/schema/settings.ts'
import type { Upstream } from './forward/upstreams.ts'

/** What compiling came to, as far as it matters here. */
interface Compiled {
  readonly settings: Settings
  readonly upstreams: ReadonlyMap<string, Upstream>
}

export interface ReloadParts<C extends Compiled> {
  readonly log: FollowedSettingsOptions['log']
  inForce(): C
  /** Takes over from what is in force whatever has not changed. */
  compile(settings: Settings, report: Report): C
  replace(next: C): void
}

/** To be started. Without a file there is nothing to follow. */
export function followConfiguration<C extends Compiled>(
  file: string | undefined,
  parts: ReloadParts<C>,
): FollowedSettings | undefined {
  if (file === undefined) return undefined
  const apply = (loaded: GoodSettings) => applyTo(parts, loaded)
  return new FollowedSettings(file, { env: process.env, apply, log: parts.log, now: Date.now })
}

/** Every problem is reported, those that only a restart solves among them. */
function applyTo<C extends Compiled>(parts: ReloadParts<C>, { settings, locate }: GoodSettings): Applied {
  const inForce = parts.inForce()
  if (isDeepStrictEqual(settings, inForce.settings)) return 'unchanged'
  const { report, lines } = createReporter(locate)
  reportRestarts(inForce.settings, settings, report)
  const next = parts.compile(settings, report)
  const problems = lines()
  if (problems.length === 0) {
    parts.replace(next)
    return 'in-force'
  }
  discard(next, inForce)
  return { problems }
}

/** Closes the upstreams that were opened for nothing; no request has ever reached them. */
function discard(next: Compiled, inForce: Compiled): void {
  const kept = new Set(inForce.upstreams.values())
  for (const upstream of next.upstreams.values()) {
    if (!kept.has(upstream)) upstream.client.close().catch(() => {})
  }
}
