/**
 * Signs what the gateway states (JWT), with the current key of its ring.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import { Secret } from '../../lib/secret.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { SigningAlgorithm } from '../keys/signing-key.ts'

export interface Statement {
  readonly algorithm: SigningAlgorithm
  /** `typ` of its head: by it no kind of statement passes for another. */
  readonly type: string
  readonly issuer: string
  readonly audience: string
  readonly subject: string
  /** What it says besides. */
  readonly claims: JWTPayload
  readonly lifetimeMs: number
  /** The end of what it speaks of, which it never outlives; milliseconds since the epoch. */
  readonly endsAt: number | undefined
}

export interface SignedStatement {
  readonly text: Secret
  /** Milliseconds since the epoch, whole seconds, both. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** `now` in milliseconds since the epoch. */
export async function signStatement(
  { algorithm, type, issuer, audience, subject, claims, lifetimeMs, endsAt }: Statement,
  ring: KeyRing,
  now: number,
): Promise<SignedStatement> {
  const [{ id, privateKey }] = ring.signingKeys(algorithm)
  const issuedAt = Math.floor(now / 1_000)
  const life = issuedAt + lifetimeMs / 1_000
  const expiresAt = Math.floor(endsAt === undefined ? life : Math.min(life, endsAt / 1_000))
  const text = await new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: type, kid: id })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(randomUUID())
    .sign(privateKey)
  return { text: new Secret(text), issuedAt: issuedAt * 1_000, expiresAt: expiresAt * 1_000 }
}
