/**
 * Issues tokens for a test, as another process with the same record and key ring would.
 * @module
 */

import { parseAddress } from '../../src/client-address/address.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { type IssueRequest, issueToken } from '../../src/tokens/life/issue-token.ts'
import type { TokenStore } from '../../src/tokens/ports.ts'
import type { Token } from '../../src/tokens/token.ts'

export interface IssuedToken {
  readonly text: string
  readonly token: Token
}

/** Throws when the request is refused. */
export type Issue = (asked?: Partial<IssueRequest>) => Promise<IssuedToken>

const defaults = {
  kind: 'personal',
  subject: 'alice',
  access: 'read-write',
  createdBy: 'test',
  origin: 'test',
} as const

/** `ring` is the text of a key ring. What is issued is as `defaults` say, unless told otherwise. */
export function newIssuer(registry: TokenStore, ring: string, clock: Clock): Issue {
  const issuer = { registry, keyRing: parseKeyRing(ring), clock, isNetwork }
  return async (asked = {}) => {
    const issued = await issueToken(issuer, { ...defaults, ...asked })
    if (issued.outcome === 'refused') throw new Error(issued.problems.join('; '))
    return { text: issued.text.reveal(), token: issued.token }
  }
}

function isNetwork(text: string): boolean {
  return parseAddress(text.split('/', 1)[0] ?? '') !== undefined
}
