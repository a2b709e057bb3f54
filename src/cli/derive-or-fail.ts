/**
 * Derives a token for a command from one that the operator names by its id, or its holder by its text.
 * @module
 */

import { networkCovers } from '../client-address/network-covers.ts'
import type { Settings } from '../config/schema/settings.ts'
import { soundNetwork } from '../config/sound-network.ts'
import { systemClock } from '../lib/clock.ts'
import { Secret } from '../lib/secret.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import type { DeriveRequest } from '../tokens/life/derive-problems.ts'
import { deriveToken } from '../tokens/life/derive-token.ts'
import type { Issued } from '../tokens/life/issue-token.ts'
import type { TokenReader, TokenRegistry } from '../tokens/ports.ts'
import type { Token } from '../tokens/token.ts'
import { CommandFailure, unknownToken } from './failure.ts'
import { withWritableRecord } from './with-record.ts'

/** `from` is an id, or `-` for a text on standard input. Throws a failure with everything that is wrong. */
export async function deriveOrFail(
  settings: Pick<Settings, 'keys' | 'store'>,
  from: string,
  request: DeriveRequest,
): Promise<Extract<Issued, { readonly outcome: 'issued' }>> {
  const keyRing = readKeyRing(settings.keys)
  const isNetwork = (cidr: string) => soundNetwork(cidr) !== undefined
  const issued = await withWritableRecord(settings, async (registry) => {
    const parent = from === '-' ? await presented(registry, keyRing) : await registry.showToken(from)
    if (parent === undefined) throw unknownToken(from)
    // A key that is not narrowed stays as the parent has it.
    const bindings = { ...parent.bindings, ...request.bindings }
    const deriver = { registry, keyRing, clock: systemClock, isNetwork, networkCovers }
    return deriveToken(deriver, parent, { ...request, bindings })
  })
  if (issued.outcome === 'refused') throw new CommandFailure('refused', issued.problems.join('; '))
  return issued
}

async function presented(registry: TokenReader & TokenRegistry, keyRing: KeyRing): Promise<Token> {
  const input = await process.stdin.setEncoding('utf8').toArray()
  const secret = new Secret(input.join('').trim())
  const { token } = await registry.find(keyRing.digests(secret))
  if (token === undefined)
    throw new CommandFailure('unknown_token', 'standard input has no token of this record')
  return token
}
