/**
 * Loads a configuration that a test wrote, from a folder of its own.
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type LoadedSettings, loadSettings } from '../../../src/config/load-settings.ts'

/** The least that a configuration needs; tests put lines before it. */
export const minimal = `
keys: { file: keys.json }
store: { sqlite: { path: tokens.db } }
upstreams: { legacy: { url: "http://127.0.0.1:9000" } }
routes:
  - { name: all, match: { path: "/{path*}" }, upstream: legacy }
`

function load(t: Test, yaml: string, env: Record<string, string> = {}): LoadedSettings {
  const file = join(t.testdir({}), 'sallyport.yaml')
  writeFileSync(file, yaml)
  return loadSettings(file, { env })
}

/** A configuration that has to be accepted. */
export function accepted(t: Test, yaml: string, env: Record<string, string> = {}) {
  const loaded = load(t, yaml, env)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded
}

/** The problems of a configuration, without the name of the file; empty when it is accepted. */
export function problemsOf(t: Test, yaml: string, env: Record<string, string> = {}): readonly string[] {
  const loaded = load(t, yaml, env)
  return loaded.ok ? [] : loaded.problems.map(withoutFile)
}

/** The warnings of a configuration that has to be accepted. */
export function warningsOf(t: Test, yaml: string): readonly string[] {
  return accepted(t, yaml).warnings.map(withoutFile)
}

const withoutFile = (problem: string) => problem.replace(/^.*sallyport\.yaml:/, '')
