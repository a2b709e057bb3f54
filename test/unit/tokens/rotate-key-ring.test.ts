/**
 * What becomes of a key ring: nothing that was made with one of its keys is lost by a rotation.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import {
  newKeyRing,
  parseRingText,
  type RingMaterial,
  writeRingText,
} from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, roleOf, rotateKey, stageKey } from '../../../src/tokens/keys/rotate-key-ring.ts'

const clock = { now: () => Date.UTC(2026, 0, 31) }
const presented = new Secret('spp_presented')

function newRing(): RingMaterial {
  return parseRingText(newKeyRing(clock).reveal())
}

function rolesOf(ring: RingMaterial): Record<string, string> {
  return Object.fromEntries(ring.keys.map((key) => [key.id, roleOf(ring, key)]))
}

t.test('a rotation makes a new key current and keeps the former one', async (t) => {
  t.same(rolesOf(rotateKey(newRing(), clock)), { k1: 'previous', k2: 'current' })
})

t.test('a staged key is known before it is used, and the next rotation takes it', async (t) => {
  const staged = stageKey(newRing(), clock)
  t.same(rolesOf(staged), { k1: 'current', k2: 'staged' })
  t.equal(stageKey(staged, clock), staged)
  const rotated = rotateKey(staged, clock)
  t.same(rolesOf(rotated), { k1: 'previous', k2: 'current' })
  t.equal(rotated.current, staged.keys[1])

  const [early, late] = [new KeyRing(staged), new KeyRing(rotated)]
  t.same(early.digests(presented)[1], late.digest(presented))
  t.equal(early.open(late.seal('an entry', 'c'), 'c')?.toString(), 'an entry')
})

t.test(
  'the current key cannot be retired, and the id of no key of the ring is given out again',
  async (t) => {
    const ring = rotateKey(newRing(), clock)
    t.throws(() => retireKey(ring, 'k2'), RangeError)
    const retired = retireKey(ring, 'k1')
    t.same(rolesOf(rotateKey(retired, clock)), { k2: 'previous', k3: 'current' })
  },
)

t.test('whatever is done to a ring, what its keys made is still found and opened', async () => {
  const act = fc.constantFrom(stageKey, rotateKey)
  fc.assert(
    fc.property(fc.array(act, { maxLength: 8 }), (acts) => {
      const first = newRing()
      const last = acts.reduce((ring, change) => change(ring, clock), first)
      const [before, after] = [new KeyRing(first), new KeyRing(parseRingText(writeRingText(last).reveal()))]
      const { keyId, value } = before.digest(presented)
      const isFound = after
        .digests(presented)
        .some((digest) => digest.keyId === keyId && digest.value === value)
      return isFound && after.open(before.seal('entry', 'c'), 'c')?.toString() === 'entry'
    }),
    { numRuns: 50 },
  )
})

t.test('a ring that is written and read is the same ring', async (t) => {
  const ring = stageKey(rotateKey(newRing(), clock), clock)
  t.same(parseRingText(writeRingText(ring).reveal()), ring)
})
