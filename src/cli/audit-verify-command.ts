/**
 * `audit verify`: whether the audit record is as the gateway wrote it.
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander'
import { type ExpectedEntry, verifyTrail } from '../audit/verify-trail.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import { counted } from './counted.ts'
import { CommandFailure } from './failure.ts'
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { note, print, printJson } from './terminal.ts'
import { withRecord } from './with-record.ts'

/** Between two lines of progress. */
const progressMs = 2_000

type VerifyOptions = ConfigOption & JsonOption & { readonly expect?: ExpectedEntry }

export function addAuditVerify(audit: Command): void {
  const command = audit
    .command('verify')
    .description('Check every entry against the chain and the key ring; says which one does not fit.')
    .option('--expect <seq:hash>', 'an entry noted earlier, which must still be there', expectedArgument)
    .action(verify)
  withExamples(
    withJson(withConfig(command)),
    'audit verify',
    `audit verify --expect 1042:${'9f2b'.repeat(2)}…`,
  )
}

async function verify({ config, json, expect: expected }: VerifyOptions): Promise<void> {
  const { keys, store } = readSettings(config).settings
  const keyRing = readKeyRing(keys)
  const { fault, entries, head } = await withRecord(store, ({ audit }) =>
    verifyTrail(audit, keyRing, { expected, onProgress: everySoOften() }),
  )
  if (fault !== undefined) throw new CommandFailure('audit_broken', fault.sentence)
  if (json) return printJson({ entries, head })
  print(`${counted(entries, 'entry', 'entries')}, each in its place`)
  if (head.seq > 0) note(`Keep this elsewhere, for --expect: ${head.seq}:${head.hash}`)
}

function everySoOften(): (seq: number, last: number) => void {
  let saidAt = performance.now()
  return (seq, last) => {
    if (performance.now() - saidAt < progressMs) return
    saidAt = performance.now()
    note(`${seq} of ${last}`)
  }
}

function expectedArgument(text: string): ExpectedEntry {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined) {
    throw new InvalidArgumentError('Write SEQ:HASH as «audit verify» shows it.')
  }
  return { seq: Number(seq), hash }
}
