/**
 * `recover`: makes a record that was put back to a backup safe to go on with.
 * @module
 */

import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { lostEntries, UnfitExport } from '../audit/lost-entries.ts'
import { systemClock } from '../lib/clock.ts'
import { linesOf } from '../lib/lines-of.ts'
import { withdrawAgain } from '../tokens/life/withdraw-again.ts'
import type { TokenRegistry } from '../tokens/ports.ts'
import { actOf, commandOrigin } from './act.ts'
import { counted } from './counted.ts'
import { CommandFailure } from './failure.ts'
import {
  type ByOption,
  type ConfigOption,
  type JsonOption,
  withBy,
  withCause,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { print, printable, printJson } from './terminal.ts'
import { isoTime } from './token-document.ts'
import { type WaitOption, withChange, withWait } from './with-change.ts'

/** An entry names a thousand tokens and all that was derived from them. */
const lineMax = 2 ** 24

const everything = { every: 'token' } as const

interface RecoverOptions extends ConfigOption, JsonOption, ByOption, WaitOption {
  readonly cause: string
  readonly audit?: string
  readonly revokeAll?: true
  readonly forgetOnly?: true
  readonly yes?: true
}

export function addRecover(program: Command): void {
  const command = program
    .command('recover')
    .description(
      'After a backup was restored: forget what gateways and Redis remember, and take away again what was taken away since.',
    )
    .option(
      '--audit <file>',
      'an export of the audit record that goes further than the backup; «-» for standard input',
    )
    .option('--revoke-all', 'where there is no such export: revoke every token')
    .option('--forget-only', 'forget, and leave it to you to take away again')
    .option('--yes', 'with --revoke-all, without asking')
    .action(recover)
  withExamples(
    withWait(withBy(withCause(withJson(withConfig(command))))),
    'recover --audit audit.ndjson',
    'recover --revoke-all --yes --cause "restored, and the audit export is lost"',
  )
}

async function recover(options: RecoverOptions, command: Command): Promise<void> {
  const { config, audit, revokeAll, forgetOnly } = options
  if ([audit, revokeAll, forgetOnly].filter((way) => way !== undefined).length !== 1) {
    command.error('error: give one of --audit, --revoke-all and --forget-only', { exitCode: 2 })
  }
  const { settings } = readSettings(config)
  await withChange(settings, options, async (registry) => {
    if (audit !== undefined) await repeatFrom(registry, audit, options)
    else if (revokeAll) await revokeEverything(registry, options)
    else await forget(registry, options)
  })
}

async function forget(registry: TokenRegistry, options: RecoverOptions): Promise<void> {
  await registry.leapClock(actOf(options, options.cause), {})
  if (options.json) printJson({ forgotten: true })
  else print('nothing counts that was remembered; what was taken away since is not repeated')
}

/** Nothing is changed before the whole export is read. */
async function repeatFrom(registry: TokenRegistry, file: string, options: RecoverOptions): Promise<void> {
  const lost = await readLost(registry, file)
  const last = lost.at(-1)
  const place = lost[0] && last ? { from: lost[0].seq, to: last.seq } : {}
  await registry.leapClock(actOf(options, options.cause), place)
  const recovery = { registry, clock: systemClock, by: options.by, origin: commandOrigin }
  const done = await withdrawAgain(recovery, lost)
  if (options.json) {
    printJson({ lostEntries: lost.length, lastLostAt: last ? isoTime(last.at) : null, ...done })
    return
  }
  const { revoked, disabled, deleted, logins, unknown } = done
  print(
    `${counted(lost.length, 'entry', 'entries')} of the audit record lost${last ? `, the last of ${isoTime(last.at)}` : ''}`,
  )
  print(`revoked ${counted(revoked, 'token')}, removed ${counted(logins, 'login')}`)
  print(`disabled: ${named(disabled)}; deleted: ${named(deleted)}`)
  print(`lost, to be issued anew where they are missed: ${counted(unknown.length, 'token')}`)
}

async function revokeEverything(registry: TokenRegistry, options: RecoverOptions): Promise<void> {
  const found = await registry.countTokens(everything)
  if (!options.yes) {
    throw new CommandFailure('confirmation_needed', `this revokes ${counted(found, 'token')}: add --yes`)
  }
  const act = actOf(options, options.cause)
  await registry.leapClock(act, {})
  const revoked = await registry.revokeTokens(everything, act)
  if (options.json) printJson({ revoked })
  else print(`revoked ${counted(revoked, 'token')}`)
}

async function readLost({ audit }: TokenRegistry, file: string) {
  const input = file === '-' ? process.stdin.setEncoding('utf8') : createReadStream(file, 'utf8')
  try {
    return await lostEntries(audit, linesOf(input, lineMax))
  } catch (cause) {
    const isUnreadable = (cause as NodeJS.ErrnoException).syscall !== undefined
    if (!isUnreadable && !(cause instanceof UnfitExport)) throw cause
    throw new CommandFailure('unfit_export', `nothing was changed: ${file}: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function named(names: readonly string[]): string {
  return names.length === 0 ? 'nobody' : names.map(printable).join(', ')
}
