/**
 * The one token of internal services. The gateway makes it on first need and keeps its text sealed, so that
 * an operator can read it again; its digest is found like any other.
 * @module
 */

import type { Clock } from '../lib/clock.ts'
import { Secret } from '../lib/secret.ts'
import type { KeyRing } from './keys/key-ring.ts'
import { findOrAddSubject } from './life/find-or-add-subject.ts'
import { mintToken } from './mint-token.ts'
import type { NewToken, TokenRegistry } from './ports.ts'
import { newRecordId } from './record-id.ts'
import type { Token } from './token.ts'

const subjectName = 'sallyport:system'
const sealContext = 'system-token'

export interface SystemToken {
  readonly token: Token
  readonly text: Secret
}

/**
 * The live system token, made when there is none. Of two processes that make it at once, one succeeds and
 * both return that one. `origin` is where it is made, for the record. Throws when its text was sealed with a key that the ring no longer holds.
 */
export async function ensureSystemToken(
  registry: TokenRegistry,
  keyRing: KeyRing,
  clock: Clock,
  origin: string,
): Promise<SystemToken> {
  const present = await readSystemToken(registry, keyRing)
  if (present !== undefined) return present
  try {
    return await addSystemToken(registry, keyRing, clock, origin)
  } catch (error) {
    // The store admits one: if there is one now, somebody else was first.
    const raced = await readSystemToken(registry, keyRing)
    if (raced === undefined) throw error
    return raced
  }
}

async function readSystemToken(registry: TokenRegistry, keyRing: KeyRing): Promise<SystemToken | undefined> {
  const kept = await registry.systemToken()
  if (kept === undefined) return undefined
  const text = keyRing.open(Buffer.from(kept.sealedText, 'base64url'), sealContext)
  if (text === undefined) {
    throw new Error(
      `the system token was sealed with a key that is not in the ring: put the key back, or revoke ${kept.token.id}`,
    )
  }
  return { token: kept.token, text: new Secret(text.toString()) }
}

async function addSystemToken(
  registry: TokenRegistry,
  keyRing: KeyRing,
  clock: Clock,
  origin: string,
): Promise<SystemToken> {
  const act = { at: clock.now(), by: subjectName, origin, cause: 'on first need' }
  const { subject } = await findOrAddSubject(registry, clock, { name: subjectName, kind: 'system' }, act)
  if (subject.kind !== 'system') throw new Error(`the name ${subjectName} belongs to a ${subject.kind}`)

  const { text, digest } = mintToken('system', keyRing)
  const wanted: NewToken = {
    id: newRecordId(clock),
    digest,
    kind: 'system',
    subjectId: subject.id,
    scopes: [],
    bindings: {},
    access: 'owner',
    networks: undefined,
    paths: undefined,
    description: 'The token of internal services',
    expiresAt: undefined,
    sealedText: keyRing.seal(text.reveal(), sealContext).toString('base64url'),
  }
  return { token: await registry.addToken(wanted, act), text }
}
