/**
 * GoCD's access tokens: 40 lower-case hex digits, of which the first 8 are the id of the salt and the other 32 the
 * secret. Password and salt are hashed as the ASCII text that they are written in, not as the bytes that it names.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { Secret } from '../../lib/secret.ts'
import { fail } from '../stores/stored-value.ts'
import { equalDigests } from './equal-digests.ts'
import type { ForeignFormat, ForeignHash, Hashes } from './foreign-format.ts'

const iterations = 4096
const text = /^([0-9a-f]{8})([0-9a-f]{32})$/
const saltId = /^[0-9a-f]{8}$/
const salt = /^[\x21-\x23\x25-\x7e]{8,255}$/
const hash = /^[0-9a-f]{64}$/
const verifier = /^([^$]+)\$([0-9a-f]{64})$/

/** Verifier: `salt$hash`. */
export const gocd: ForeignFormat = {
  name: 'gocd',
  fields: ['saltId', 'salt', 'hash'],

  read(fields) {
    if (!isText(fields.saltId, saltId)) return 'saltId must be 8 lower-case hex digits'
    if (!isText(fields.salt, salt)) return 'salt must be the salt as GoCD stores it'
    if (!isText(fields.hash, hash)) return 'hash must be 64 lower-case hex digits'
    return { locator: fields.saltId, verifier: `${fields.salt}$${fields.hash}`, cost: iterations }
  },

  recognise: (presented) => text.exec(presented)?.[1],

  verify(presented, stored, hashes) {
    return verifyGocdSecret(text.exec(presented)?.[2] ?? fail('secret'), stored, hashes)
  },

  decoy: () => `${'0'.repeat(64)}$${'0'.repeat(64)}`,
}

/** Verifies the part of a text after the salt id. */
export async function verifyGocdSecret(secret: string, stored: string, hashes: Hashes): Promise<boolean> {
  const [, storedSalt, storedHash] = verifier.exec(stored) ?? []
  if (storedSalt === undefined || storedHash === undefined) return fail('verifier')
  return equalDigests(await hashes.pbkdf2(secret, storedSalt, iterations), storedHash, 'hex')
}

/** A new token as GoCD makes them. Throws `StoreUnavailable` when too many secrets are waiting to be hashed. */
export async function mintGocdToken(
  hashes: Pick<Hashes, 'pbkdf2'>,
): Promise<{ readonly text: Secret; readonly hash: ForeignHash }> {
  const hex = (bytes: number) => randomBytes(bytes).toString('hex')
  const [locator, secret, ownSalt] = [hex(4), hex(16), hex(32)]
  const value = (await hashes.pbkdf2(secret, ownSalt, iterations)).toString('hex')
  return {
    text: new Secret(locator + secret),
    hash: { locator, verifier: `${ownSalt}$${value}`, cost: iterations },
  }
}

function isText(value: unknown, grammar: RegExp): value is string {
  return typeof value === 'string' && grammar.test(value)
}
