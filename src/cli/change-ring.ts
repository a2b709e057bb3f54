/**
 * Changes the key ring where the settings have it: in its file, or, for a ring that comes from elsewhere, as
 * text on standard output that goes back to that place.
 * @module
 */

import type { Command } from 'commander'
import type { KeySettings } from '../config/schema/tokens.ts'
import { changeKeyRing, readRingMaterial } from '../tokens/keys/key-ring-file.ts'
import { type RingMaterial, writeRingText } from '../tokens/keys/key-ring-text.ts'
import { roleOf } from '../tokens/keys/rotate-key-ring.ts'
import { CommandFailure } from './failure.ts'
import type { JsonOption } from './options.ts'
import { note, print, printFields, printJson } from './terminal.ts'

export interface RingChangeOptions extends JsonOption {
  readonly print?: true
}

const oncePrinted =
  'Put it where the ring comes from. Gateways follow a file; with a setting (keys.ring), restart every gateway before you go on.'

export function withPrint(command: Command): Command {
  return command.option('--print', 'print the changed ring, with its secrets, and write no file')
}

/**
 * Shows the roles of the keys afterwards, or the whole ring with `--print`, and how gateways come to follow: for a file
 * that is `onceWritten`. Throws a failure when nothing changed.
 */
export function changeRing(
  { file, ring }: KeySettings,
  options: RingChangeOptions,
  change: (ring: RingMaterial) => RingMaterial,
  onceWritten: string,
): void {
  if (options.print) {
    print(
      writeRingText(change(readRingMaterial({ file, ring })))
        .reveal()
        .trimEnd(),
    )
    note(oncePrinted)
    return
  }
  if (file === undefined) {
    throw new CommandFailure(
      'key_ring_unusable',
      'the key ring is not in a file (keys.file): add --print, and put what it prints where the ring comes from',
    )
  }
  const changed = changeFile(file, change)
  const roles = changed.keys.map((key) => ({ id: key.id, role: roleOf(changed, key) }))
  if (options.json) printJson({ file, keys: roles })
  else printFields(Object.fromEntries(roles.map(({ id, role }) => [id, role])))
  note(onceWritten)
}

function changeFile(file: string, change: (ring: RingMaterial) => RingMaterial): RingMaterial {
  try {
    return changeKeyRing(file, change)
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause
    throw new CommandFailure('key_ring_unusable', (cause as Error).message, { cause })
  }
}
