/**
 * `token import`: makes tokens of other services go on working, from lines of JSON.
 * @module
 */

import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { soundNetwork } from '../config/sound-network.ts'
import { systemClock } from '../lib/clock.ts'
import { linesOf } from '../lib/lines-of.ts'
import { importLineMax } from '../tokens/foreign/import-line.ts'
import { type ImportCounts, importTokens } from '../tokens/foreign/import-tokens.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import { commandOrigin } from './act.ts'
import { CommandFailure } from './failure.ts'
import {
  type ByOption,
  type ConfigOption,
  type JsonOption,
  withBy,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { note, print, printable, printJson, warn } from './terminal.ts'
import { withWritableRecord } from './with-record.ts'

/** Problems that are shown; a file of the wrong kind has one in every line. */
const shownMax = 100

interface ImportCommandOptions extends ConfigOption, JsonOption, ByOption {
  readonly skipBad?: true
}

export function addTokenImport(token: Command): void {
  const command = token
    .command('import <file>')
    .description(
      'Make tokens of another service go on working: one JSON object a line, «-» for standard input.',
    )
    .option('--skip-bad', 'import the good lines though there are bad ones')
    .action(importFile)
  withExamples(
    withBy(withJson(withConfig(command))),
    'token import gocd-tokens.ndjson',
    'psql -XAtc "select json_build_object(…) from …" | sallyport token import - --skip-bad',
  )
}

async function importFile(file: string, options: ImportCommandOptions): Promise<void> {
  const { settings } = readSettings(options.config)
  const keyRing = readKeyRing(settings.keys)
  const isNetwork = (cidr: string) => soundNetwork(cidr) !== undefined
  const lines = readLines(file)
  const imported = await withWritableRecord(settings, (registry) =>
    importTokens({ registry, keyRing, clock: systemClock, isNetwork }, lines, {
      skipsBad: options.skipBad === true,
      createdBy: options.by,
      origin: commandOrigin,
      onProgress: (done, total) => note(`${done} of ${total} lines`),
    }),
  )
  const problems = shown(imported.problems)
  if (imported.outcome === 'refused') {
    throw new CommandFailure('invalid_import', `nothing was imported:\n${problems.join('\n')}`)
  }
  for (const problem of problems) warn(problem)
  if (options.json) printJson(imported.counts)
  else print(told(imported.counts))
}

async function* readLines(file: string): AsyncGenerator<string> {
  try {
    const input = file === '-' ? process.stdin.setEncoding('utf8') : createReadStream(file, 'utf8')
    yield* linesOf(input, importLineMax)
  } catch (cause) {
    throw new CommandFailure('invalid_import', `cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
}

function shown(problems: readonly string[]): readonly string[] {
  const more = problems.length - shownMax
  const first = problems.slice(0, shownMax).map(printable)
  return more > 0 ? [...first, `and ${more} more`] : first
}

function told({ imported, already, expired, bad }: ImportCounts): string {
  return `imported ${imported}; skipped ${already} known already, ${expired} expired, ${bad} bad`
}
