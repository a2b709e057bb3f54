/**
 * Signing keys are made of the ring alone: the same everywhere, and unlike anything else that is made of it.
 * @module
 */

import { sign, verify } from 'node:crypto'
import t from 'tap'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { rotateKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import { edwardsKeyFrom, signingKeyFrom, signingSeedBytes } from '../../../src/tokens/keys/signing-key.ts'

const clock = { now: () => 0 }
const material = parseRingText(newKeyRing(clock).reveal())

t.test('every gateway with the ring has the same keys, and the current one signs', async (t) => {
  const [one, other] = [new KeyRing(material), new KeyRing(material)]
  t.equal(one.signingKeys('ES256')[0].id, other.signingKeys('ES256')[0].id)
  const signature = sign('sha256', Buffer.from('text'), one.signingKeys('ES256')[0].privateKey)
  t.ok(verify('sha256', Buffer.from('text'), other.signingKeys('ES256')[0].publicKey, signature))
  const rotated = new KeyRing(rotateKey(material, clock))
  t.equal(rotated.signingKeys('ES256').length, 2)
  t.not(rotated.signingKeys('ES256')[0].id, one.signingKeys('ES256')[0].id)
  t.equal(rotated.signingKeys('ES256')[1]?.id, one.signingKeys('ES256')[0].id)
})

t.test('the id is what docker-registry computes of the key', async (t) => {
  const { id } = signingKeyFrom(Buffer.alloc(signingSeedBytes, 7))
  t.match(id, /^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$/)
})

t.test('the least and the greatest seed make keys of the curve', async (t) => {
  for (const byte of [0, 0xff]) {
    const { privateKey } = signingKeyFrom(Buffer.alloc(signingSeedBytes, byte))
    t.equal(privateKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  }
  const least = signingKeyFrom(Buffer.alloc(signingSeedBytes)).privateKey.export({ format: 'jwk' })
  t.equal(Buffer.from(least.d ?? '', 'base64url').toString('hex'), '1'.padStart(64, '0'))
})

t.test('a ring prints without its keys', async (t) => {
  const ring = new KeyRing(material)
  const { d = '' } = ring.signingKeys('ES256')[0].privateKey.export({ format: 'jwk' })
  t.notOk(JSON.stringify(ring).includes(d))
})

t.test('on Ed25519 the seed is the private key, as the standard has it', async (t) => {
  // RFC 8032 section 7.1, the first.
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
  const point = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
  const { publicKey, privateKey, algorithm } = edwardsKeyFrom(Buffer.from(seed, 'hex'))
  t.equal(algorithm, 'EdDSA')
  t.equal(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex'), point)
  t.equal(
    sign(null, Buffer.alloc(0), privateKey).toString('hex'),
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
})
