/**
 * The tokens around one: what it was derived from and what from it, whose place it took and which took its own.
 * @module
 */

import { systemClock } from '../lib/clock.ts'
import type { TokenRegistry } from '../tokens/ports.ts'
import type { Token } from '../tokens/token.ts'

/** Each list begins with the nearest; it ends where a record was purged, too. */
export interface TokenChain {
  readonly parents: readonly Token[]
  /** In one step; newest first. */
  readonly derived: readonly Token[]
  readonly predecessors: readonly Token[]
  readonly successors: readonly Token[]
  /** Whether a list is longer than is shown. */
  readonly isCut: boolean
}

/** A token that is rotated every hour has a chain that nobody wants to read to its end. */
const linksMax = 20

export async function readTokenChain(
  registry: Pick<TokenRegistry, 'showToken' | 'listTokens'>,
  token: Token,
): Promise<TokenChain> {
  const parents = await follow(registry, token.parentId, ({ parentId }) => parentId)
  const predecessors = await follow(registry, token.rotatedFrom, ({ rotatedFrom }) => rotatedFrom)
  const successors = await follow(registry, token.rotatedTo, ({ rotatedTo }) => rotatedTo)
  const filter = { state: 'all', parentId: token.id, now: systemClock.now(), limit: linksMax + 1 } as const
  const derived = await registry.listTokens(filter)
  const lists = [parents, predecessors, successors, derived]
  return {
    parents: parents.slice(0, linksMax),
    derived: derived.slice(0, linksMax),
    predecessors: predecessors.slice(0, linksMax),
    successors: successors.slice(0, linksMax),
    isCut: lists.some(({ length }) => length > linksMax),
  }
}

/** One more than is shown, to tell whether there is more. */
async function follow(
  registry: Pick<TokenRegistry, 'showToken'>,
  first: string | undefined,
  next: (token: Token) => string | undefined,
): Promise<readonly Token[]> {
  const found: Token[] = []
  for (let id = first; id !== undefined && found.length <= linksMax; ) {
    const token = await registry.showToken(id)
    if (token === undefined) break
    found.push(token)
    id = next(token)
  }
  return found
}
