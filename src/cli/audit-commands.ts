/**
 * `audit …`: what was done to tokens, subjects and keys, and whether the record of it is whole.
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander'
import type { StoredEntry } from '../audit/verify-chain.ts'
import { addAuditTail } from './audit-tail-command.ts'
import { addAuditVerify } from './audit-verify-command.ts'
import { type ConfigOption, withConfig, withExamples } from './options.ts'
import { readSettings } from './read-settings.ts'
import { writeOut } from './terminal.ts'
import { withRecord } from './with-record.ts'

const pageRows = 1_000

export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('The record of who did what to tokens, subjects and keys.')
  addAuditTail(audit)
  addExport(audit)
  addAuditVerify(audit)
}

interface ExportOptions extends ConfigOption {
  readonly since?: number
  readonly until?: number
}

function addExport(audit: Command): void {
  const command = audit
    .command('export')
    .description('Print entries as lines of JSON, oldest first, each as it is stored and with its hash.')
    .option('--since <time>', 'only acts of this time and later', timeArgument)
    .option('--until <time>', 'only acts before this time', timeArgument)
    .action(exportEntries)
  withExamples(
    withConfig(command),
    'audit export > audit.ndjson',
    'audit export --since 2026-01-01 --until 2026-02-01T00:00:00Z',
  )
}

async function exportEntries({ config, since, until }: ExportOptions): Promise<void> {
  const period = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }
  await withRecord(readSettings(config).settings.store, async ({ audit }) => {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: readonly StoredEntry[] = await audit.entries({ after, limit: pageRows, ...period })
      // Waits for whoever reads, so that no more than a page is held.
      if (page.length > 0) await writeOut(page.map(lineOf).join(''))
      after = page.length < pageRows ? undefined : page.at(-1)?.seq
    }
  })
}

/** The entry to the byte: the hash is of exactly this text. */
function lineOf({ entry, hash }: StoredEntry): string {
  return `{"hash":${JSON.stringify(hash)},"entry":${entry}}\n`
}

function timeArgument(text: string): number {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : NaN
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Write a time such as 2026-01-31 or 2026-01-31T12:00:00Z.')
  return at
}
