/**
 * What acts on tokens, and the recording of last uses, take of PostgreSQL: by the store's own adapter, with no gateway
 * beside it.
 * @module
 */

import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { rotateToken } from '../../src/tokens/life/rotate-token.ts'
import type { GatewayProcess } from '../gateway-process.ts'
import { type Reader, type Taken, taken } from './counters.ts'

const acts = 500
/** One batch of a gateway. */
const uses = 5_000

export async function measureActs(
  reader: Reader,
  { store, issue, record }: Pick<GatewayProcess, 'store' | 'issue' | 'record'>,
): Promise<readonly Taken[]> {
  const issuer = {
    registry: store,
    keyRing: parseKeyRing(record.ring),
    clock: systemClock,
    isNetwork: () => true,
  }
  const who = { by: 'bench', origin: 'bench', cause: '' }
  const ids: string[] = []
  const each = (what: string, act: (id: string) => Promise<unknown>) =>
    taken(
      reader,
      process,
      what,
      async () => {
        for (let index = 0; index < acts; index++) await act(ids[index] ?? '')
      },
      acts,
    )
  const found = [
    await each('issued', async () => ids.push((await issue()).token.id)),
    await each('rotated', (id) => rotateToken(issuer, id, { createdBy: who.by, origin: who.origin })),
    await each('revoked', (id) => store.revokeToken(id, { ...who, at: systemClock.now() })),
  ]
  const listed = await store.listTokens({ state: 'active', now: systemClock.now(), limit: uses })
  const used = listed.map(({ id }) => ({ tokenId: id, at: systemClock.now(), address: '192.0.2.0/24' }))
  return [
    ...found,
    await taken(reader, process, 'last use recorded', () => store.recordUses(used), used.length),
  ]
}
