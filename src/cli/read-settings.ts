/**
 * The configuration that a command works with.
 * @module
 */

import { type LoadedSettings, loadSettings } from '../config/load-settings.ts'
import { CommandFailure } from './failure.ts'
import { warn } from './terminal.ts'

export type AcceptedSettings = Extract<LoadedSettings, { readonly ok: true }>

/** Notes warnings on standard error; throws a failure that lists every problem of the file. */
export function readSettings(file: string): AcceptedSettings {
  const loaded = loadSettings(file, { env: process.env })
  if (!loaded.ok) throw invalidConfig(file, loaded.problems)
  for (const warning of loaded.warnings) warn(`warning: ${warning}`)
  return loaded
}

/** One line for each problem, in a form that editors can jump to. */
export function invalidConfig(file: string, problems: readonly string[]): CommandFailure {
  const number = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new CommandFailure('invalid_config', `${file} has ${number}:\n${problems.join('\n')}`)
}
