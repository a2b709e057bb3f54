/**
 * A token that revokes itself, as a client does when it logs out or finds that its token has leaked.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'
import type { Token } from '../token.ts'

/**
 * The record with the revocation that counts: this one or an earlier one, because clients retry. `undefined` when
 * the record is gone. All that was derived from the token goes with it. `origin` is where the request came from.
 */
export async function revokeItself(
  registry: TokenRegistry,
  clock: Clock,
  { id, subject }: Token,
  origin: string,
): Promise<Token | undefined> {
  const act = { at: clock.now(), by: subject.name, origin, cause: 'revoked by the token itself' }
  return (await registry.revokeToken(id, act)).token
}
