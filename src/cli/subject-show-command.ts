/**
 * `subject show`: one subject, and where it has logins.
 * @module
 */

import type { Command } from 'commander'
import type { TokenRegistry } from '../tokens/ports.ts'
import type { Subject } from '../tokens/token.ts'
import type { LoginNote } from '../tokens/upstream-logins/login-record.ts'
import { unknownSubject } from './failure.ts'
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { printFields, printJson } from './terminal.ts'
import { isoTime, subjectDocument } from './token-document.ts'
import { withRecord } from './with-record.ts'

/** A subject with its logins at upstreams; never what is in them. */
export interface SubjectRow {
  readonly subject: Subject
  readonly logins: readonly LoginNote[]
}

export function addSubjectShow(subject: Command): void {
  const command = subject
    .command('show <name>')
    .description('One subject, and the upstreams where it has a login.')
    .action(show)
  withExamples(withJson(withConfig(command)), 'subject show test:tester')
}

async function show(name: string, { config, json }: ConfigOption & JsonOption): Promise<void> {
  const [row] = await withRecord(readSettings(config).settings.store, async (registry) => {
    const subject = await registry.findSubject(name)
    return subject === undefined ? [] : withLogins(registry, [subject])
  })
  if (row === undefined) throw unknownSubject(name)
  if (json) return printJson(subjectRowDocument(row))
  const { id, kind, status, createdAt } = row.subject
  const logins = row.logins.map(({ upstream, updatedAt }) => `${upstream} (since ${isoTime(updatedAt)})`)
  printFields({
    id,
    name,
    kind,
    status,
    created: isoTime(createdAt),
    logins: logins.join(', ') || 'none',
  })
}

/** In the same order, with one more question to the store. */
export async function withLogins(
  registry: TokenRegistry,
  subjects: readonly Subject[],
): Promise<readonly SubjectRow[]> {
  const notes = await registry.logins.list(subjects.map(({ id }) => id))
  return subjects.map((subject) => ({
    subject,
    logins: notes.filter(({ subjectId }) => subjectId === subject.id),
  }))
}

/** For `--json`. */
export function subjectRowDocument({ subject, logins }: SubjectRow) {
  const notes = logins.map(({ upstream, updatedAt }) => ({ upstream, updatedAt: isoTime(updatedAt) }))
  return { ...subjectDocument(subject), logins: notes }
}
