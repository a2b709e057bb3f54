/**
 * `subject …`: whom tokens act for.
 * @module
 */

import { type Command, Option } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { subjectProblems } from '../tokens/life/issue-problems.ts'
import { newRecordId } from '../tokens/record-id.ts'
import { type Subject, type SubjectKind, type SubjectStatus, subjectKinds } from '../tokens/token.ts'
import { actOf } from './act.ts'
import { CommandFailure, unknownSubject } from './failure.ts'
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
import { nextPage, type PageOptions, pageOf, withPage } from './page.ts'
import { readSettings } from './read-settings.ts'
import { addSubjectDelete } from './subject-delete-command.ts'
import { addSubjectLogins } from './subject-login-commands.ts'
import { addSubjectShow, subjectRowDocument, withLogins } from './subject-show-command.ts'
import { printFields, printJson, printTable } from './terminal.ts'
import { isoTime, subjectDocument } from './token-document.ts'
import { type WaitOption, withChange, withWait } from './with-change.ts'
import { withRecord, withWritableRecord } from './with-record.ts'

/** Kinds that are asked for; the gateway's own subject makes itself. */
const addedKinds = subjectKinds.filter((kind) => kind !== 'system')

type CommonOptions = ConfigOption & JsonOption

export function addSubjectCommands(program: Command): void {
  const subject = program.command('subject').description('Users, groups and services that tokens act for.')
  addAdd(subject)
  addList(subject)
  addSubjectShow(subject)
  addSwitch(subject, 'disable', 'disabled', 'Refuse every token of a subject, until it is enabled again.')
  addSwitch(subject, 'enable', 'active', 'Accept the tokens of a disabled subject again.')
  addSubjectDelete(subject)
  addSubjectLogins(subject)
}

function addAdd(subject: Command): void {
  const command = subject
    .command('add <name>')
    .description('Add a subject. Issuing a token for an unknown name adds it, too.')
    .addOption(new Option('--kind <kind>', 'what it is').choices(addedKinds).default('user'))
    .action(async (name: string, options: CommonOptions & ByOption & { readonly kind: SubjectKind }) => {
      const problems = subjectProblems(name, options.kind)
      if (problems.length > 0) throw new CommandFailure('refused', problems.join('; '))
      const { settings } = readSettings(options.config)
      const wanted = { id: newRecordId(systemClock), name, kind: options.kind }
      const added = await withWritableRecord(settings, (registry) =>
        registry.addSubject(wanted, actOf(options)),
      )
      if (added === undefined) {
        throw new CommandFailure('subject_exists', `there is a subject «${name}» already`)
      }
      show(added, options)
    })
  withExamples(
    withBy(withJson(withConfig(command))),
    'subject add test:tester',
    'subject add billing --kind service',
  )
}

function addList(subject: Command): void {
  const command = subject
    .command('list')
    .description('List subjects.')
    .addOption(new Option('--status <status>', 'only these').choices(['active', 'disabled', 'deleted']))
    .action(async (options: CommonOptions & PageOptions & { readonly status?: SubjectStatus }) => {
      const { config, json, status, limit, after } = options
      const { rows, next } = await withRecord(readSettings(config).settings.store, async (registry) => {
        const found = await registry.listSubjects({
          limit: limit + 1,
          ...(status !== undefined && { status }),
          ...(after !== undefined && { after }),
        })
        const { rows, next } = pageOf(found, limit)
        return { rows: await withLogins(registry, rows), next }
      })
      if (json) return printJson({ subjects: rows.map(subjectRowDocument), next })
      printTable(
        ['ID', 'NAME', 'KIND', 'STATUS', 'CREATED', 'LOGINS'],
        rows.map(({ subject: { id, name, kind, status, createdAt }, logins }) => [
          id,
          name,
          kind,
          status,
          isoTime(createdAt),
          logins.map(({ upstream }) => upstream).join(', ') || '-',
        ]),
      )
      nextPage(next)
    })
  withExamples(withPage(withJson(withConfig(command))), 'subject list --status disabled')
}

function addSwitch(
  subject: Command,
  verb: 'disable' | 'enable',
  status: 'active' | 'disabled',
  description: string,
): void {
  const command = subject
    .command(`${verb} <name>`)
    .description(description)
    .action(
      async (name: string, options: CommonOptions & ByOption & WaitOption & { readonly cause: string }) => {
        const { settings } = readSettings(options.config)
        const changed = await withChange(settings, options, (registry) =>
          registry.setSubjectStatus(name, status, actOf(options, options.cause)),
        )
        if (changed === undefined) throw unknownSubject(name)
        show(changed, options)
      },
    )
  withExamples(withWait(withBy(withCause(withJson(withConfig(command))))), `subject ${verb} test:tester`)
}

function show(subject: Subject, { json }: JsonOption): void {
  const { id, name, kind, status, createdAt } = subject
  if (json) printJson(subjectDocument(subject))
  else printFields({ id, name, kind, status, created: isoTime(createdAt) })
}
