/**
 * `subject delete`: ends a subject and its tokens for good, whoever bears the name later.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { deleteSubject } from '../tokens/life/delete-subject.ts'
import { commandOrigin } from './act.ts'
import { counted } from './counted.ts'
import { unknownSubject } from './failure.ts'
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
import { subjectDocument } from './token-document.ts'
import { type WaitOption, withChange, withWait } from './with-change.ts'

type DeleteOptions = ConfigOption & JsonOption & ByOption & WaitOption & { readonly cause: string }

export function addSubjectDelete(subject: Command): void {
  const command = subject
    .command('delete <name>')
    .description('Delete a subject and revoke all its tokens for good; its name becomes free.')
    .action(remove)
  withExamples(
    withWait(withBy(withCause(withJson(withConfig(command))))),
    'subject delete test:tester --cause "left the company"',
  )
}

async function remove(name: string, options: DeleteOptions): Promise<void> {
  const { config, json, by, cause } = options
  const { settings } = readSettings(config)
  const done = await withChange(settings, options, (registry) =>
    deleteSubject(registry, systemClock, name, { by, cause, origin: commandOrigin }),
  )
  if (done === undefined) throw unknownSubject(name)
  const { subject, revoked } = done
  if (json) printJson({ ...subjectDocument(subject), revoked })
  else print(`deleted ${printable(subject.name)} (${subject.id}) and revoked ${counted(revoked, 'token')}`)
}
