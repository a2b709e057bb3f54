/**
 * Pairs of keys that are made of a seed alone, on the curve P-256 and on Ed25519: whoever has the key ring signs alike and
 * verifies what any other has signed, and nothing more has to be kept or distributed.
 * @module
 */

import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** As JSON Web Signatures name it (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export type SigningAlgorithm = 'ES256' | 'EdDSA'

export interface SigningKey {
  readonly algorithm: SigningAlgorithm
  /** The fingerprint of the public key, in the form in which registries look keys up. */
  readonly id: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** 128 bits more than the order of the curve: what remains of the seed is as good as uniform (FIPS 186-5, A.2.1). */
export const signingSeedBytes = 48

/** Any 256 bits are a private key of Ed25519 (RFC 8032 section 5.1.5). */
export const edwardsSeedBytes = 32

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

export function signingKeyFrom(seed: Buffer): SigningKey {
  const scalar = (BigInt(`0x${seed.toString('hex')}`) % (order - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(d)
  // 0x04, and the two coordinates.
  const point = curve.getPublicKey()
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: d.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  return pairOf('ES256', createPrivateKey({ format: 'jwk', key: jwk }))
}

/** PKCS #8 of such a key, up to its seed (RFC 8410 section 7). */
const edwardsPrefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** `seed` is `edwardsSeedBytes` long. */
export function edwardsKeyFrom(seed: Buffer): SigningKey {
  const der = Buffer.concat([edwardsPrefix, seed])
  return pairOf('EdDSA', createPrivateKey({ format: 'der', type: 'pkcs8', key: der }))
}

function pairOf(algorithm: SigningAlgorithm, privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey)
  return { algorithm, id: fingerprintOf(publicKey), privateKey, publicKey }
}

/** The first 240 bits of SHA-256 over the key's DER, in base32, in groups of four (the `kid` of registries, from libtrust). */
function fingerprintOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const digest = createHash('sha256').update(der).digest().subarray(0, 30)
  const bits = Array.from(digest, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.replace(/.{5}/g, (five) => base32.charAt(Number.parseInt(five, 2)))
  return letters.replace(/.{4}(?=.)/g, '$&:')
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
