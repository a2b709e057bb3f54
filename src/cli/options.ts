/**
 * Options that several commands share, and how their texts are read. A text that cannot be read is bad usage.
 * @module
 */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { processUser } from '../audit/origin.ts'
import { parseDuration } from '../lib/duration.ts'
import { isRemark } from '../tokens/life/issue-problems.ts'
import type { Binding } from '../tokens/ports.ts'

export interface ConfigOption {
  readonly config: string
}

export interface JsonOption {
  readonly json?: true
}

export interface ByOption {
  readonly by: string
}

export function withConfig(command: Command): Command {
  return command.addOption(
    new Option('-c, --config <file>', 'configuration file')
      .env('SALLYPORT_CONFIG')
      .default('./sallyport.yaml'),
  )
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON document on standard output')
}

export function withBy(command: Command): Command {
  return command.addOption(
    new Option('--by <name>', 'who does this, for the record')
      .argParser(actorArgument)
      .default(`cli:${processUser()}`, 'your login'),
  )
}

export function withCause(command: Command): Command {
  return command.option('--cause <text>', 'why', remarkArgument, '')
}

/** Examples under the help of a command. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText(
    'after',
    `\nExamples:\n${examples.map((line) => `  $ sallyport ${line}`).join('\n')}`,
  )
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** Gathers `key=value`, several values for one key too. */
export function collectBinding(
  text: string,
  before: Readonly<Record<string, readonly string[]>> | undefined,
): Readonly<Record<string, readonly string[]>> {
  const { key, value } = bindingArgument(text)
  // Own ones only: «constructor» is a key like any other.
  const values = before !== undefined && Object.hasOwn(before, key) ? (before[key] ?? []) : []
  return { ...before, [key]: [...values, value] }
}

/** One `key=value`. */
export function bindingArgument(text: string): Binding {
  const [, key, value] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('Write key=value, for example account=AUTH_demo.')
  }
  return { key, value }
}

/** Milliseconds of a duration such as `3h`, more than none. */
export function durationArgument(text: string): number {
  const ms = spanArgument(text)
  if (ms === 0) throw new InvalidArgumentError('It must be longer than nothing.')
  return ms
}

/** Milliseconds of a duration that may be none: `0s`. */
export function spanArgument(text: string): number {
  let ms: number
  try {
    ms = parseDuration(text)
  } catch {
    throw new InvalidArgumentError('Write a duration such as 30s, 5m, 3h or 7d.')
  }
  if (!Number.isSafeInteger(ms)) throw new InvalidArgumentError('It is longer than can be counted.')
  return ms
}

export function limitArgument(text: string): number {
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit < 1 || limit > 1000) {
    throw new InvalidArgumentError('Write a whole number from 1 to 1000.')
  }
  return limit
}

/** Who does something, as a record keeps it. */
export function actorArgument(text: string): string {
  if (text === '') throw new InvalidArgumentError('Write who does this.')
  return remarkArgument(text)
}

/** Why something is done, as a record keeps it. */
export function remarkArgument(text: string): string {
  if (!isRemark(text)) throw new InvalidArgumentError('Write one line of at most 256 characters.')
  return text
}
