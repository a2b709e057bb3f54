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
import { note } from './terminal.ts'

export function addKeyRotate(key: Command): void {
  const command = key
    .command('rotate')
    .description('Make a new key current; tokens of the former ones stay valid.')
    .option('--stage', 'only add the key, so that every gateway knows it before it is used')
    .action(({ config, stage, ...options }: ConfigOption & RingChangeOptions & { readonly stage?: true }) => {
      const { keys } = readSettings(config).settings
      changeRing(keys, options, (ring) => (stage ? stageKey : rotateKey)(ring, systemClock))
      note(stage ? onceStaged : onceRotated)
    })
  withExamples(withPrint(withJson(withConfig(command))), 'key rotate --stage', 'key rotate')
}

const onceStaged = 'Restart every gateway, then run «sallyport key rotate»: no token is refused meanwhile.'
const onceRotated =
  'Restart every gateway: one that has not read the new key refuses the tokens that are issued from now on.'
