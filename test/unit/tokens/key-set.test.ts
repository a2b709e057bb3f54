/**
 * What everybody may see of a key ring.
 * @module
 */

import t from 'tap'
import { keySetOf } from '../../../src/tokens/assertions/key-set.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, rotateKey, stageKey } from '../../../src/tokens/keys/rotate-key-ring.ts'

const clock = { now: () => 0 }
const first = parseRingText(newKeyRing(clock).reveal())
const idsOf = (material: typeof first) => keySetOf(new KeyRing(material)).keys.map(({ kid }) => kid)

t.test('public keys are public', async (t) => {
  const { keys } = keySetOf(new KeyRing(rotateKey(first, clock)))
  t.equal(keys.length, 2)
  for (const key of keys) {
    t.match(key, { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    t.same(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  }
})

t.test('keys on Ed25519 are there where assertions are signed by them, ahead of the others', async (t) => {
  const { keys } = keySetOf(new KeyRing(rotateKey(first, clock)), 'EdDSA')
  t.same(
    keys.map(({ alg }) => alg),
    ['EdDSA', 'EdDSA', 'ES256', 'ES256'],
  )
  t.equal(new Set(keys.map(({ kid }) => kid)).size, 4)
  for (const key of keys.slice(0, 2)) {
    t.match(key, { kty: 'OKP', crv: 'Ed25519', use: 'sig' })
    t.same(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  }
})

t.test('a staged key is there before it is used, and a retired one no more', async (t) => {
  const [former] = idsOf(first)
  const staged = stageKey(first, clock)
  const rotated = rotateKey(staged, clock)
  const [current, previous] = idsOf(rotated)
  t.same(idsOf(staged), [former, current])
  t.equal(previous, former)
  t.same(idsOf(retireKey(rotated, 'k1')), [current])
})
