/**
 * One command, from its arguments to its exit code: 0 done, 1 refused or failed, 2 bad usage.
 * @module
 */

import { inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { addAuditCommands } from './audit-commands.ts'
import { addCheck } from './check-command.ts'
import { CommandFailure } from './failure.ts'
import { addKeyCommands } from './key-commands.ts'
import { addMigrate } from './migrate-command.ts'
import { addQuickstart } from './quickstart-command.ts'
import { addRecover } from './recover-command.ts'
import { addServe } from './serve-command.ts'
import { addSubjectCommands } from './subject-commands.ts'
import { complain, note, printJson } from './terminal.ts'
import { addTokenCommands } from './token-commands.ts'
import { addWorker } from './worker-command.ts'

/** Runs the command that `args` name. Never throws: a failure is told in one sentence on standard error. */
export async function runCommand(args: readonly string[]): Promise<0 | 1 | 2> {
  // `sallyport token list | head` closes the pipe early, which is not a failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    tell(error, args.includes('--json'))
    return 1
  }
}

function createProgram(): Command {
  const program = new Command('sallyport')
    .description('An authorization gateway for services that nobody is going to change.')
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'sallyport: ')),
    })
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 bad usage.')
  addServe(program)
  addCheck(program)
  addMigrate(program)
  addRecover(program)
  addKeyCommands(program)
  addTokenCommands(program)
  addSubjectCommands(program)
  addAuditCommands(program)
  addQuickstart(program)
  addWorker(program)
  return program
}

function tell(error: unknown, asJson: boolean): void {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof CommandFailure ? error.code : 'failed'
  if (asJson) printJson({ error: { code, message } })
  complain(message)
  if (process.env.SALLYPORT_DEBUG) note(inspect(error))
}
