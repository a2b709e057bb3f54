/**
 * Keys of Django REST Framework API Key, which Read the Docs hands to its builders: `prefix.secret`. The whole key is
 * hashed: with plain SHA-512 since version 3, by Django's password hasher before.
 * @module
 */

import { fail } from '../stores/stored-value.ts'
import { equalDigests } from './equal-digests.ts'
import type { ForeignFormat } from './foreign-format.ts'

const text = /^([A-Za-z0-9]{4,64})\.[A-Za-z0-9]{16,128}$/
const prefix = /^[A-Za-z0-9]{4,64}$/
const sha512Hash = /^sha512\$\$([0-9a-f]{128})$/
const pbkdf2Hash = /^pbkdf2_sha256\$([1-9]\d{3,6})\$([\x21-\x23\x25-\x7e]{1,128})\$([A-Za-z0-9+/]{43}=)$/
/** More than Django has ever used; what takes longer would hold a thread for a second. */
const iterationsMax = 2_000_000

interface Hash {
  readonly cost: number
  readonly salt: string
  readonly value: string
}

/** Verifier: Django's own text of the hash. */
export const djangoApiKey: ForeignFormat = {
  name: 'django-api-key',
  // `expiry_date < now` is what it calls expired.
  isGoodAtExpiry: true,
  fields: ['prefix', 'hash'],

  read({ prefix: locator, hash }) {
    if (typeof locator !== 'string' || !prefix.test(locator)) {
      return 'prefix must be the letters and digits before the dot of the key'
    }
    const parsed = typeof hash === 'string' ? parseHash(hash) : undefined
    if (typeof hash !== 'string' || parsed === undefined) {
      return `hash must be sha512$$… or pbkdf2_sha256$… with 1000 to ${iterationsMax} iterations`
    }
    return { locator, verifier: hash, cost: parsed.cost }
  },

  recognise: (presented) => text.exec(presented)?.[1],

  async verify(presented, stored, hashes) {
    const { cost, salt, value } = parseHash(stored) ?? fail('verifier')
    return cost === 1
      ? equalDigests(hashes.digest('sha512', presented), value, 'hex')
      : equalDigests(await hashes.pbkdf2(presented, salt, cost), value, 'base64')
  },

  decoy: (cost) =>
    cost === 1 ? `sha512$$${'0'.repeat(128)}` : `pbkdf2_sha256$${cost}$decoy$${'A'.repeat(43)}=`,
}

function parseHash(hash: string): Hash | undefined {
  const [, digest] = sha512Hash.exec(hash) ?? []
  if (digest !== undefined) return { cost: 1, salt: '', value: digest }
  const [, iterations, salt, value] = pbkdf2Hash.exec(hash) ?? []
  if (salt === undefined || value === undefined || Number(iterations) > iterationsMax) return undefined
  return { cost: Number(iterations), salt, value }
}
