/**
 * What of the settings a running gateway cannot change: where it listens, what its record, its caches and its keys
 * are opened from, the networks that its system token is judged by, and where its spans go.
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { Report, SettingPath } from './problems.ts'
import type { Settings } from './schema/settings.ts'

const fixedSections = ['admin', 'decision', 'keys', 'store', 'cache', 'systemToken'] as const

/** Reports each setting that differs and would not come into force. No value is repeated. */
export function reportRestarts(inForce: Settings, next: Settings, report: Report): void {
  const refuse = (path: SettingPath) =>
    report(
      path,
      'needs a restart: a running gateway keeps it as it was, and so takes nothing else of this file',
    )
  compare(fixedOf(inForce), fixedOf(next), [], refuse)
}

/** Without what is judged for each request: the bounds of its head, and its place in a trace. */
function fixedOf(settings: Settings): object {
  const { headerCount, targetBytes, ...limits } = settings.listen.limits
  const sections = fixedSections.map((name) => [name, settings[name]])
  const { trust, sampling, ...tracing } = settings.tracing ?? {}
  return {
    listen: { ...settings.listen, limits },
    ...Object.fromEntries(sections),
    tracing: settings.tracing && tracing,
  }
}

/** As deep as there are names on both sides, so that a problem is told at its own line. */
function compare(
  before: unknown,
  after: unknown,
  path: SettingPath,
  refuse: (path: SettingPath) => void,
): void {
  if (isDeepStrictEqual(before, after)) return
  if (!isSection(before) || !isSection(after)) {
    refuse(path)
    return
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare(before[name], after[name], [...path, name], refuse)
  }
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
