/**
 * Digests, seals and the written form of the key ring.
 * @module
 */

import { createHmac, hkdfSync } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'

const clock = { now: () => Date.UTC(2026, 0, 31) }
const presented = new Secret('spp_presented')

function entry(id: string, fill = id): Record<string, unknown> {
  const secret = Buffer.alloc(32, fill).toString('base64url')
  return { id, secret, createdAt: '2026-01-31T00:00:00Z' }
}

function ringOf(current: string, ...ids: string[]) {
  return parseKeyRing(JSON.stringify({ current, keys: ids.map((id) => entry(id)) }))
}

t.test('a digest is the HMAC-SHA-256 of the text under a pepper derived with HKDF', async (t) => {
  const pepper = hkdfSync('sha256', Buffer.alloc(32, 'k1'), '', 'sallyport token digest v1', 32)
  const expected = createHmac('sha256', Buffer.from(pepper)).update('spp_presented').digest('base64url')
  t.same(ringOf('k1', 'k1').digest(presented), { keyId: 'k1', value: expected })
  t.equal(expected.length, 43)
})

t.test('after a rotation the old digest is still looked for, after the new one', async (t) => {
  const before = ringOf('k1', 'k1').digest(presented)
  const digests = ringOf('k2', 'k1', 'k2').digests(presented)
  t.same(
    digests.map(({ keyId }) => keyId),
    ['k2', 'k1'],
  )
  t.same(digests[1], before)
})

t.test('what is sealed opens with the same context and any ring that holds the key', async () => {
  const [ring, rotated] = [ringOf('k1', 'k1'), ringOf('k2', 'k2', 'k1')]
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, context) => {
      const sealed = ring.seal(Buffer.from(bytes), context)
      return rotated.open(sealed, context)?.equals(bytes) === true
    }),
  )
})

t.test('another context, a changed byte, a cut or an unknown key opens nothing', async (t) => {
  const ring = ringOf('k1', 'k1')
  const sealed = ring.seal('a record', 'cache:1')
  t.equal(ring.open(sealed, 'cache:2'), undefined)
  t.equal(ringOf('k2', 'k2').open(sealed, 'cache:1'), undefined)
  for (let index = 0; index < sealed.length; index++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
    t.equal(ring.open(changed, 'cache:1'), undefined, `byte ${index} changed`)
    t.equal(ring.open(sealed.subarray(0, index), 'cache:1'), undefined, `cut at ${index}`)
  }
  t.equal(ring.open(Buffer.concat([sealed, Buffer.of(0)]), 'cache:1'), undefined, 'a byte more')
})

t.test('hostile bytes neither open nor throw', async () => {
  const ring = ringOf('k1', 'k1')
  const head = Buffer.from([1, 2, ...Buffer.from('k1')])
  fc.assert(fc.property(fc.uint8Array(), (bytes) => ring.open(Buffer.from(bytes), 'c') === undefined))
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      (bytes) => ring.open(Buffer.concat([head, bytes]), 'c') === undefined,
    ),
  )
})

t.test('two seals of one text differ', async (t) => {
  const ring = ringOf('k1', 'k1')
  t.notOk(ring.seal('same', 'c').equals(ring.seal('same', 'c')))
})

t.test('a generated ring can be read, and no two are the same', async (t) => {
  const [one, two] = [newKeyRing(clock).reveal(), newKeyRing(clock).reveal()]
  t.not(parseKeyRing(one).digest(presented).value, parseKeyRing(two).digest(presented).value)
})

t.test('a malformed ring is refused with a sentence that shows no secret', async (t) => {
  const hidden = Buffer.alloc(32, 'x').toString('base64url')
  const good = entry('k1', 'x')
  const malformed: Record<string, [text: string, sentence: RegExp]> = {
    'not JSON': [`{"current": ${hidden}`, /not JSON/],
    'the secret alone': [hidden, /not JSON/],
    'a list': [JSON.stringify([good]), /must be an object/],
    'no keys': [JSON.stringify({ current: 'k1', keys: [] }), /at least one key/],
    'unknown field': [JSON.stringify({ current: 'k1', keys: [good], [hidden]: 1 }), /unknown field/],
    'unknown field of a key': [
      JSON.stringify({ current: 'k1', keys: [{ ...good, [hidden]: 1 }] }),
      /key 1 has an unknown field/,
    ],
    'duplicate ids': [JSON.stringify({ current: 'k1', keys: [good, good] }), /two keys have the id «k1»/],
    'missing current': [JSON.stringify({ keys: [good] }), /«current» must be/],
    'unknown current': [JSON.stringify({ current: 'k2', keys: [good] }), /«current» must be/],
    'short secret': [
      JSON.stringify({ current: 'k1', keys: [{ ...good, secret: hidden.slice(0, 40) }] }),
      /at least 32 random bytes/,
    ],
    'secret in base64': [
      JSON.stringify({ current: 'k1', keys: [{ ...good, secret: `${hidden}+/=` }] }),
      /base64url/,
    ],
    'odd id': [JSON.stringify({ current: 'k1', keys: [{ ...good, id: hidden }] }), /«id» must be/],
    'no date': [JSON.stringify({ current: 'k1', keys: [{ ...good, createdAt: hidden }] }), /createdAt/],
  }
  for (const [what, [text, sentence]] of Object.entries(malformed)) {
    const error = thrownBy(() => parseKeyRing(text))
    t.match(error, { message: sentence }, what)
    t.notMatch(inspect(error, { depth: 9 }), hidden.slice(0, 20), `${what}: no secret`)
  }
})

t.test('a ring prints without its keys', async (t) => {
  t.same(inspect(ringOf('k1', 'k1'), { depth: 9, showHidden: true }), 'KeyRing { [keyIds]: [Getter] }')
  t.equal(JSON.stringify(ringOf('k1', 'k1')), '{}')
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
