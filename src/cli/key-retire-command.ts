/**
 * `key retire`: takes a key that nothing depends on any more out of the ring.
 * @module
 */

import type { Command } from 'commander'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { verifyTrail } from '../audit/verify-trail.ts'
import type { KeySettings } from '../config/schema/tokens.ts'
import { systemClock } from '../lib/clock.ts'
import { readKeyRing, readRingMaterial } from '../tokens/keys/key-ring-file.ts'
import type { RingMaterial } from '../tokens/keys/key-ring-text.ts'
import { retireKey } from '../tokens/keys/rotate-key-ring.ts'
import type { KeyUse } from '../tokens/ports.ts'
import { actOf } from './act.ts'
import { changeRing, type RingChangeOptions, recordRingChange, withPrint } from './change-ring.ts'
import { CommandFailure } from './failure.ts'
import { type ByOption, type ConfigOption, withBy, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { withWritableRecord } from './with-record.ts'

export function addKeyRetire(key: Command): void {
  const command = key
    .command('retire <id>')
    .description('Take a key out of the ring; refused while a live token is under it.')
    .option('--unverified', 'even if the audit record does not fit, which cannot be told without the key')
    .action(retire)
  withExamples(withBy(withPrint(withJson(withConfig(command)))), 'key retire k1')
}

type RetireOptions = ConfigOption & RingChangeOptions & ByOption & { readonly unverified?: true }

async function retire(id: string, { config, ...options }: RetireOptions): Promise<void> {
  const { settings } = readSettings(config)
  checkRetirable(readRingMaterial(settings.keys), id)
  await withWritableRecord(settings, async (registry) => {
    const uses = await registry.countByKey(systemClock.now())
    const use = uses.find(({ keyId }) => keyId === id)
    if (use !== undefined) throw keyInUse(use)
    if (!options.unverified) await checkAudit(registry.audit, settings.keys)
    changeRing(settings.keys, options, (ring) => {
      // Once more, for the ring may have changed while the tokens were counted.
      checkRetirable(ring, id)
      return retireKey(ring, id)
    })
    await recordRingChange(registry.audit, actOf(options), 'key_retired', id)
  })
}

/** From now on the key's own seals cannot be checked: the entry of its retirement vouches for them. */
async function checkAudit(audit: AuditTrail, keys: KeySettings): Promise<void> {
  const { fault } = await verifyTrail(audit, readKeyRing(keys))
  if (fault === undefined) return
  throw new CommandFailure(
    'audit_broken',
    `the audit record does not fit, and without the key nobody can tell: ${fault.sentence} (--unverified retires it)`,
  )
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
