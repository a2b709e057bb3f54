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
  const change = stage ? stageKey : rotateKey
  await withWritableRecord(settings, async ({ audit }) => {
    let before: RingMaterial | undefined
    const noted = (ring: RingMaterial) => {
      before = ring
      return change(ring, systemClock)
    }
    const changed = changeRing(settings.keys, options, noted, stage ? onceStaged : onceRotated)
    // A key that was staged already is kept, and nothing was done.
    if (changed === before) return
    const key = stage ? (changed.keys.at(-1) ?? changed.current) : changed.current
    await recordRingChange(audit, actOf(options), stage ? 'key_staged' : 'key_rotated', key.id)
  })
}

const onceStaged =
  'Running gateways read the file within a second. Where they have copies of it, wait until all show the key (sallyport_key_ring_key), then run «sallyport key rotate».'
const onceRotated =
  'Running gateways read the file within a second, at once for a token under the new key. One that neither sees this file nor has the key staged refuses tokens that are issued from now on.'
