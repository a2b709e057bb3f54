/**
 * Changes the key ring where the settings have it: in its file, or, for a ring that comes from elsewhere, as
 * text on standard output that goes back to that place.
 * @module
 */

import type { Command } from 'commander'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Act, Deed } from '../audit/entry.ts'
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
 * Yields the changed ring, and shows the roles of its keys, or all of it with `--print`, and how gateways come to follow:
 * for a file that is `onceWritten`. Throws a failure when nothing changed.
 */
export function changeRing(
  { file, ring }: KeySettings,
  options: RingChangeOptions,
  change: (ring: RingMaterial) => RingMaterial,
  onceWritten: string,
): RingMaterial {
  if (options.print) {
    const changed = change(readRingMaterial({ file, ring }))
    print(writeRingText(changed).reveal().trimEnd())
    note(oncePrinted)
    return changed
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
  return changed
}

/**
 * Records what was done to the ring. Not in one transaction, for the ring is no part of the store: when this fails, the
 * ring stays changed, and the failure says so.
 */
export async function recordRingChange(audit: AuditTrail, act: Act, deed: Deed, key: string): Promise<void> {
  try {
    await audit.record(act, { deed, details: { key } })
  } catch (cause) {
    const why = (cause as Error).message
    throw new CommandFailure(
      'not_recorded',
      `the ring is changed, do not repeat this; but the audit record has no entry of it: ${why}`,
      { cause },
    )
  }
}

function changeFile(file: string, change: (ring: RingMaterial) => RingMaterial): RingMaterial {
  try {
    return changeKeyRing(file, change)
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause
    throw new CommandFailure('key_ring_unusable', (cause as Error).message, { cause })
  }
}
