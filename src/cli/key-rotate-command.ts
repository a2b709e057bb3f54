/**
 * `key rotate`: another current key. The former ones stay in the ring, so that every token goes on working.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import type { RingMaterial } from '../tokens/keys/key-ring-text.ts'
import { rotateKey, stageKey } from '../tokens/keys/rotate-key-ring.ts'
import { actOf } from './act.ts'
import { changeRing, type RingChangeOptions, recordRingChange, withPrint } from './change-ring.ts'
import { type ByOption, type ConfigOption, withBy, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { note } from './terminal.ts'
import { withWritableRecord } from './with-record.ts'

export function addKeyRotate(key: Command): void {
  const command = key
    .command('rotate')
    .description('Make a new key current; tokens of the former ones stay valid.')
    .option('--stage', 'only add the key, so that every gateway knows it before it is used')
    .action(rotate)
  withExamples(withBy(withPrint(withJson(withConfig(command)))), 'key rotate --stage', 'key rotate')
}

type RotateOptions = ConfigOption & RingChangeOptions & ByOption & { readonly stage?: true }

async function rotate({ config, stage, ...options }: RotateOptions): Promise<void> {
  const { settings } = readSettings(config)
  await withWritableRecord(settings, async ({ audit }) => {
    let before: RingMaterial | undefined
    const changed = changeRing(settings.keys, options, (ring) => {
      before = ring
      return (stage ? stageKey : rotateKey)(ring, systemClock)
    })
    // A key that was staged already is kept, and nothing was done.
    if (changed === before) return
    const key = stage ? (changed.keys.at(-1) ?? changed.current) : changed.current
    await recordRingChange(audit, actOf(options), stage ? 'key_staged' : 'key_rotated', key.id)
  })
  note(stage ? onceStaged : onceRotated)
}

const onceStaged = 'Restart every gateway, then run «sallyport key rotate»: no token is refused meanwhile.'
const onceRotated =
  'Restart every gateway: one that has not read the new key refuses the tokens that are issued from now on.'
