/**
 * `key list`: the keys of the ring, and what would be lost with each.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { readRingMaterial } from '../tokens/keys/key-ring-file.ts'
import type { RingMaterial } from '../tokens/keys/key-ring-text.ts'
import type { KeyUse } from '../tokens/keys/key-use.ts'
import { type KeyRole, roleOf } from '../tokens/keys/rotate-key-ring.ts'
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { printJson, printTable, warn } from './terminal.ts'
import { isoTime } from './token-document.ts'
import { withRecord } from './with-record.ts'

/** `missing`: something is under it, but the ring no longer has it, so that no gateway can find or open that. */
interface KeyRow {
  readonly id: string
  readonly role: KeyRole | 'missing'
  readonly createdAt: string | null
  /** Live ones. */
  readonly tokens: number
  readonly hasSystemToken: boolean
  /** Logins at upstreams. */
  readonly logins: number
}

export function addKeyList(key: Command): void {
  const command = key
    .command('list')
    .description('List the keys of the ring, and how many live tokens and upstream logins are under each.')
    .action(list)
  withExamples(withJson(withConfig(command)), 'key list')
}

async function list({ config, json }: ConfigOption & JsonOption): Promise<void> {
  const { keys: ringSettings, store } = readSettings(config).settings
  const ring = readRingMaterial(ringSettings)
  const uses = await withRecord(store, (registry) => registry.countByKey(systemClock.now()))
  const keys = rowsOf(ring, uses)
  if (json) return printJson({ keys })
  printTable(
    ['KEY', 'ROLE', 'CREATED', 'TOKENS', 'SYSTEM TOKEN', 'LOGINS'],
    keys.map(({ id, role, createdAt, tokens, hasSystemToken, logins }) => [
      id,
      role,
      createdAt ?? '-',
      String(tokens),
      hasSystemToken ? 'yes' : '-',
      String(logins),
    ]),
  )
  if (keys.some(({ role }) => role === 'missing')) {
    warn(
      'Tokens under a missing key are refused everywhere, and logins cannot be opened: put the key back into the ring.',
    )
  }
}

function rowsOf(ring: RingMaterial, uses: readonly KeyUse[]): readonly KeyRow[] {
  const useOf = (id: string) => {
    const { tokens = 0, hasSystemToken = false, logins = 0 } = uses.find(({ keyId }) => keyId === id) ?? {}
    return { tokens, hasSystemToken, logins }
  }
  const known = ring.keys.map((key) => ({
    id: key.id,
    role: roleOf(ring, key),
    createdAt: isoTime(key.createdAt),
    ...useOf(key.id),
  }))
  const missing = uses
    .filter(({ keyId }) => !ring.keys.some(({ id }) => id === keyId))
    .map(({ keyId }) => ({ id: keyId, role: 'missing' as const, createdAt: null, ...useOf(keyId) }))
  return [...known, ...missing]
}
