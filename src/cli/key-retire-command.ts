/**
 * `key retire`: takes a key that no token depends on any more out of the ring, once the upstream logins under it are
 * under the current one.
 * @module
 */

import type { Command } from 'commander'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { verifyTrail } from '../audit/verify-trail.ts'
import { systemClock } from '../lib/clock.ts'
import { KeyRing } from '../tokens/keys/key-ring.ts'
import { readRingMaterial } from '../tokens/keys/key-ring-file.ts'
import type { RingMaterial } from '../tokens/keys/key-ring-text.ts'
import type { KeyUse } from '../tokens/keys/key-use.ts'
import { retireKey } from '../tokens/keys/rotate-key-ring.ts'
import type { TokenRegistry } from '../tokens/ports.ts'
import { resealLogins } from '../tokens/upstream-logins/reseal-logins.ts'
import { actOf } from './act.ts'
import { changeRing, type RingChangeOptions, recordRingChange, withPrint } from './change-ring.ts'
import { counted } from './counted.ts'
import { CommandFailure } from './failure.ts'
import { type ByOption, type ConfigOption, withBy, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { note } from './terminal.ts'
import { withWritableRecord } from './with-record.ts'

export function addKeyRetire(key: Command): void {
  const command = key
    .command('retire <id>')
    .description(
      'Take a key out of the ring; refused while a live token is under it. Upstream logins are sealed again with the current key first.',
    )
    .option('--unverified', 'even if the audit record does not fit, which cannot be told without the key')
    .action(retire)
  withExamples(withBy(withPrint(withJson(withConfig(command)))), 'key retire k1')
}

type RetireOptions = ConfigOption & RingChangeOptions & ByOption & { readonly unverified?: true }

async function retire(id: string, { config, ...options }: RetireOptions): Promise<void> {
  const { settings } = readSettings(config)
  const material = readRingMaterial(settings.keys)
  checkRetirable(material, id)
  const keyRing = new KeyRing(material)
  await withWritableRecord(settings, async (registry) => {
    const use = await useOf(registry, id)
    if (use !== undefined && use.tokens > 0) throw keyInUse(use)
    if (!options.unverified) await checkAudit(registry.audit, keyRing)
    if (use !== undefined) await moveLogins(registry, keyRing, id)
    if (use !== undefined && (await useOf(registry, id)) !== undefined) throw stillSealing(id)
    const retireUnused = (ring: RingMaterial) => {
      // Once more, for the ring may have changed while the tokens were counted.
      checkRetirable(ring, id)
      return retireKey(ring, id)
    }
    changeRing(settings.keys, options, retireUnused, 'Running gateways forget the key within a second.')
    await recordRingChange(registry.audit, actOf(options), 'key_retired', id)
  })
}

/** From now on the key's own seals cannot be checked: the entry of its retirement vouches for them. */
async function checkAudit(audit: AuditTrail, keyRing: KeyRing): Promise<void> {
  const { fault } = await verifyTrail(audit, keyRing)
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

async function useOf(registry: TokenRegistry, id: string): Promise<KeyUse | undefined> {
  return (await registry.countByKey(systemClock.now())).find(({ keyId }) => keyId === id)
}

async function moveLogins(registry: TokenRegistry, ring: KeyRing, id: string): Promise<void> {
  const { resealed, unreadable } = await resealLogins(registry.logins, ring, id)
  note(`Sealed ${counted(resealed, 'upstream login')} again with the current key.`)
  const [first] = unreadable
  if (first === undefined) return
  throw new CommandFailure(
    'key_in_use',
    `${counted(unreadable.length, 'upstream login')} cannot be opened with key «${id}», the first of subject ${first.subjectId} at «${first.upstream}»: put the key back that was called so, or remove them with «sallyport subject logout»`,
  )
}

function stillSealing(id: string): CommandFailure {
  return new CommandFailure(
    'key_in_use',
    `something was made with key «${id}» just now, by a gateway that does not know the current one: wait until all show that in sallyport_key_ring_key`,
  )
}

function keyInUse({ keyId, tokens, hasSystemToken }: KeyUse): CommandFailure {
  const number = tokens === 1 ? 'one live token is' : `${tokens} live tokens are`
  const system = hasSystemToken ? ', the system token among them' : ''
  return new CommandFailure(
    'key_in_use',
    `${number} under key «${keyId}»${system}: rotate or revoke them first («sallyport token list --key ${keyId}»)`,
  )
}
