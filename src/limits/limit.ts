/**
 * One limit as it is set: how many requests in how long, and what they are counted by.
 * @module
 */

import type { Address } from '../client-address/address.ts'
import { clientNetwork } from '../client-address/client-network.ts'
import type { LimitSettings } from '../config/schema/limits.ts'
import type { Token } from '../tokens/token.ts'
import type { WindowCounts } from './window-counts.ts'

/** What a request is counted by. `token` is there once one was let through. */
export interface Party {
  readonly route: { readonly name: string }
  readonly client: Address
  readonly token: Token | undefined
}

/** A limit that holds on a route. */
export interface Limit {
  readonly name: string
  readonly requests: number
  readonly perMs: number
  readonly isExact: boolean
  /** Whether clients are told of it in headers. */
  readonly isAnnounced: boolean
  /** Whether it can be asked only when it is known whose token it is. */
  readonly needsToken: boolean
  readonly counts: WindowCounts
  /** `undefined` when it does not concern the request: it has no token. */
  readonly keyOf: (party: Party) => string | undefined
}

export function compileLimit(name: string, settings: LimitSettings, counts: WindowCounts): Limit {
  const { by, requests, per, exact, announce } = settings
  return {
    name,
    requests,
    perMs: per,
    isExact: exact,
    isAnnounced: announce,
    needsToken: by.includes('token') || by.includes('subject'),
    counts,
    keyOf: keyOf(by),
  }
}

function keyOf(by: LimitSettings['by']): Limit['keyOf'] {
  const [first, ...others] = by
  const read = partOf(first)
  if (others.length === 0) return read
  const readers = [read, ...others.map(partOf)]
  return (party) => {
    const parts = readers.map((reader) => reader(party))
    return parts.includes(undefined) ? undefined : parts.join(' ')
  }
}

function partOf(by: LimitSettings['by'][number]): Limit['keyOf'] {
  switch (by) {
    case 'token':
      return ({ token }) => token?.id
    case 'subject':
      return ({ token }) => token?.subject.id
    case 'address':
      return ({ client }) => clientNetwork(client)
    case 'route':
      return ({ route }) => route.name
    default:
      return by satisfies never
  }
}
