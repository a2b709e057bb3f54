/**
 * `key generate`: makes the key ring that the record of tokens depends on.
 * @module
 */

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { writeKeyRing } from '../tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../tokens/keys/key-ring-text.ts'
import { CommandFailure } from './failure.ts'
import { addKeyList } from './key-list-command.ts'
import { addKeyRetire } from './key-retire-command.ts'
import { addKeyRotate } from './key-rotate-command.ts'
import { withExamples } from './options.ts'
import { note, print } from './terminal.ts'

export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('The key ring that peppers digests and seals entries.')
  addGenerate(key)
  addKeyList(key)
  addKeyRotate(key)
  addKeyRetire(key)
}

function addGenerate(key: Command): void {
  const command = key
    .command('generate')
    .description('Make a new key ring: into a file that only you may read, or on standard output.')
    .option('-f, --file <file>', 'write it here, with mode 0600; never overwrites')
    .action(({ file }: { readonly file?: string }) => {
      if (file === undefined) return print(newKeyRing(systemClock).reveal().trimEnd())
      generateKeyRing(file)
      note(`Wrote ${file}. Keep a copy in a safe place: without it every token is lost.`)
    })
  withExamples(
    command,
    'key generate --file ./var/keys.json',
    'key generate | vault kv put secret/sallyport ring=-',
  )
}

/** A new ring in a new file, whose folder is made when missing. Throws a failure when there is a file already. */
export function generateKeyRing(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeKeyRing(file, newKeyRing(systemClock))
  } catch (cause) {
    throw new CommandFailure('key_ring_unusable', (cause as Error).message, { cause })
  }
}
