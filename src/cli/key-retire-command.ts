/**
 * `key retire`: takes a key that nothing depends on any more out of the ring.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { readRingMaterial } from '../tokens/keys/key-ring-file.ts'
import type { RingMaterial } from '../tokens/keys/key-ring-text.ts'
import { retireKey } from '../tokens/keys/rotate-key-ring.ts'
import type { KeyUse } from '../tokens/ports.ts'
import { changeRing, type RingChangeOptions, withPrint } from './change-ring.ts'
import { CommandFailure } from './failure.ts'
import { type ConfigOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { withRecord } from './with-record.ts'

export function addKeyRetire(key: Command): void {
  const command = key
    .command('retire <id>')
    .description('Take a key out of the ring; refused while a live token is under it.')
    .action(retire)
  withExamples(withPrint(withJson(withConfig(command))), 'key retire k1')
}

async function retire(id: string, { config, ...options }: ConfigOption & RingChangeOptions): Promise<void> {
  const { keys, store } = readSettings(config).settings
  checkRetirable(readRingMaterial(keys), id)
  const uses = await withRecord(store, (registry) => registry.countByKey(systemClock.now()))
  const use = uses.find(({ keyId }) => keyId === id)
  if (use !== undefined) throw keyInUse(use)
  const retireUnused = (ring: RingMaterial) => {
    // Once more, for the ring may have changed while the tokens were counted.
    checkRetirable(ring, id)
    return retireKey(ring, id)
  }
  changeRing(keys, options, retireUnused, 'Running gateways forget the key within a second.')
}

function checkRetirable(ring: RingMaterial, id: string): void {
  if (!ring.keys.some((key) => key.id === id)) {
    throw new CommandFailure(
      'unknown_key',
      `the ring has no key «${id}»; «sallyport key list» shows its keys`,
    )
  }
  if (ring.current.id === id) {
    throw new CommandFailure('key_in_use', `key «${id}» is the current one; run «sallyport key rotate» first`)
  }
}

function keyInUse({ keyId, tokens, hasSystemToken }: KeyUse): CommandFailure {
  const number = tokens === 1 ? 'one live token is' : `${tokens} live tokens are`
  const system = hasSystemToken ? ', the system token among them' : ''
  return new CommandFailure(
    'key_in_use',
    `${number} under key «${keyId}»${system}: rotate or revoke them first («sallyport token list --key ${keyId}»)`,
  )
}
