/**
 * `audit tail`: the last entries, and those to come.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { entryDocument, entryLine } from './audit-document.ts'
import {
  type ConfigOption,
  type JsonOption,
  limitArgument,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { print, printJson } from './terminal.ts'
import { withRecord } from './with-record.ts'

const pollMs = 1_000
const pageRows = 1_000

interface TailOptions extends ConfigOption, JsonOption {
  readonly lines: number
  readonly follow?: true
}

export function addAuditTail(audit: Command): void {
  const command = audit
    .command('tail')
    .description('Show the last entries.')
    .option('-n, --lines <number>', 'how many', limitArgument, 20)
    .option('-F, --follow', 'go on with what is recorded from now on, until interrupted')
    .action(tail)
  withExamples(
    withJson(withConfig(command)),
    'audit tail -n 50',
    'audit tail --follow',
    'audit tail --follow --json    # a line of JSON for each entry',
  )
}

async function tail({ config, json, lines, follow }: TailOptions): Promise<void> {
  await withRecord(readSettings(config).settings.store, async ({ audit }) => {
    const last = await audit.latest(lines)
    if (json && !follow) return printJson({ entries: last.map(entryDocument) })
    const show = (entry: (typeof last)[number]) =>
      print(json ? JSON.stringify(entryDocument(entry)) : entryLine(entry))
    last.forEach(show)
    if (follow) await followFrom(audit, last.at(-1)?.seq ?? 0, show)
  })
}

/** Numbers have no gap, so that nothing is missed between two questions. */
async function followFrom(
  audit: AuditTrail,
  seq: number,
  show: (entry: Awaited<ReturnType<AuditTrail['entries']>>[number]) => void,
): Promise<never> {
  for (let after = seq; ; await sleep(pollMs)) {
    const page = await audit.entries({ after, limit: pageRows })
    page.forEach(show)
    after = page.at(-1)?.seq ?? after
  }
}
