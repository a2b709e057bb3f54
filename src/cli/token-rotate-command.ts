/**
 * `token rotate`: another text for a token, shown once; for an overlap the old one works as well.
 * @module
 */

import type { Command } from 'commander'
import { soundNetwork } from '../config/sound-network.ts'
import { systemClock } from '../lib/clock.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import { rotateToken } from '../tokens/life/rotate-token.ts'
import { commandOrigin } from './act.ts'
import { CommandFailure, unknownToken } from './failure.ts'
import {
  type ByOption,
  type ConfigOption,
  type JsonOption,
  spanArgument,
  withBy,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { note, printFields, printJson } from './terminal.ts'
import { isoTime, tokenDocument, tokenFields } from './token-document.ts'
import { type WaitOption, withChange, withWait } from './with-change.ts'

type RotateOptions = ConfigOption & JsonOption & ByOption & WaitOption & { readonly overlap?: number }

export function addTokenRotate(token: Command): void {
  const command = token
    .command('rotate <id>')
    .description('Put a new token in the place of one, with the same rights, and show its text once.')
    .option(
      '--overlap <duration>',
      'how long the old text still works; 0s not at all (default: 24h)',
      spanArgument,
    )
    .action(rotate)
  withExamples(
    withWait(withBy(withJson(withConfig(command)))),
    'token rotate 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11',
    'token rotate 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11 --overlap 0s --json',
  )
}

async function rotate(id: string, options: RotateOptions): Promise<void> {
  const { config, json, by, overlap } = options
  const { settings } = readSettings(config)
  const keyRing = readKeyRing(settings.keys)
  const isNetwork = (cidr: string) => soundNetwork(cidr) !== undefined
  const request = {
    createdBy: by,
    origin: commandOrigin,
    ...(overlap !== undefined && { overlapMs: overlap }),
  }
  const rotated = await withChange(settings, options, (registry) =>
    rotateToken({ registry, keyRing, clock: systemClock, isNetwork }, id, request),
  )
  if (rotated.outcome === 'unknown') throw unknownToken(id)
  if (rotated.outcome === 'refused') throw new CommandFailure('refused', rotated.problems.join('; '))

  const { token, previous, text } = rotated
  const now = systemClock.now()
  if (json) {
    const { id: newId, ...rest } = tokenDocument(token, now)
    const old = { id: previous.id, expiresAt: isoTime(previous.expiresAt) }
    printJson({ id: newId, token: text.reveal(), ...rest, previous: old })
  } else {
    printFields({ token: text.reveal(), ...tokenFields(token, now) })
    note(`The token is shown once. The old one, ${previous.id}, works until ${isoTime(previous.expiresAt)}.`)
  }
}
