/**
 * `key rotate`: another current key. The former ones stay in the ring, so that every token goes on working.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { rotateKey, stageKey } from '../tokens/keys/rotate-key-ring.ts'
import { changeRing, type RingChangeOptions, withPrint } from './change-ring.ts'
import { type ConfigOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'

export function addKeyRotate(key: Command): void {
  const command = key
    .command('rotate')
    .description('Make a new key current; tokens of the former ones stay valid.')
    .option('--stage', 'only add the key, so that every gateway knows it before it is used')
    .action(({ config, stage, ...options }: ConfigOption & RingChangeOptions & { readonly stage?: true }) => {
      const { keys } = readSettings(config).settings
      const change = stage ? stageKey : rotateKey
      changeRing(keys, options, (ring) => change(ring, systemClock), stage ? onceStaged : onceRotated)
    })
  withExamples(withPrint(withJson(withConfig(command))), 'key rotate --stage', 'key rotate')
}

const onceStaged =
  'Running gateways read the file within a second. Where they have copies of it, wait until all show the key (sallyport_key_ring_key), then run «sallyport key rotate».'
const onceRotated =
  'Running gateways read the file within a second, at once for a token under the new key. One that neither sees this file nor has the key staged refuses tokens that are issued from now on.'
