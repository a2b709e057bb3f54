/**
 * Statements that the gateway signs: good as long as they say and the key is in the ring, and nothing else is one.
 * @module
 */

import fc from 'fast-check'
import { SignJWT } from 'jose'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { Assertions } from '../../../src/tokens/assertions/assertions.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, rotateKey } from '../../../src/tokens/keys/rotate-key-ring.ts'

const material = parseRingText(newKeyRing({ now: () => 0 }).reveal())
const start = Date.UTC(2026, 2, 10)

function scene() {
  const clock = { at: start, now: () => clock.at }
  const state = { ring: new KeyRing(material) }
  const assertions = new Assertions(
    {
      issuer: 'here',
      audience: 'there',
      lifetimeMs: 300_000,
      leewayMs: 60_000,
      write: ({ note }: { note: string }) => ({ note }),
      read: ({ note }) => (typeof note === 'string' ? { note } : undefined),
    },
    { keyRing: () => state.ring, clock },
  )
  return { clock, state, assertions }
}

t.test('a statement comes back as it was written, and is then known at once', async () => {
  const { assertions } = scene()
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), fc.string(), async (id, note) => {
      const { text } = await assertions.sign(id, { note })
      if (assertions.recall(text) !== undefined) return false
      const read = await assertions.verify(text)
      if (typeof read === 'string') return false
      return read.tokenId === id && read.content.note === note && assertions.recall(text) === read
    }),
    { numRuns: 50 },
  )
})

t.test('it is good to the end of its leeway, known or not', async (t) => {
  const { clock, assertions } = scene()
  const { text, expiresAt } = await assertions.sign('a', { note: '' })
  t.equal(expiresAt, start + 300_000)
  clock.at = expiresAt + 59_999
  t.match(await assertions.verify(text), { tokenId: 'a' })
  t.match(assertions.recall(text), { tokenId: 'a' })
  clock.at = expiresAt + 60_000
  t.equal(assertions.recall(text), undefined)
  t.equal(await assertions.verify(text), 'expired')
})

t.test('a key that leaves the ring takes its statements with it, remembered ones too', async (t) => {
  const { state, assertions } = scene()
  const { text } = await assertions.sign('a', { note: '' })
  await assertions.verify(text)
  const rotated = rotateKey(material, { now: () => 0 })
  state.ring = new KeyRing(rotated)
  t.match(await assertions.verify(text), { tokenId: 'a' }, 'a previous key is as good')
  state.ring = new KeyRing(retireKey(rotated, 'k1'))
  t.equal(assertions.recall(text), undefined)
  t.equal(await assertions.verify(text), 'invalid')
})

t.test('what is signed with the right key and says something else is none', async (t) => {
  const { state, assertions } = scene()
  const [{ id: kid, privateKey }] = state.ring.signingKeys('ES256')
  const claims = { note: '', sub: 'a', iss: 'here', aud: 'there', nbf: start / 1000, exp: start / 1000 + 60 }
  const signed = async (change: object, header: object = {}) =>
    new Secret(
      await new SignJWT({ ...claims, ...change })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid, ...header })
        .sign(privateKey),
    )
  t.match(await assertions.verify(await signed({})), { tokenId: 'a' })
  const changes = { iss: 'x', aud: 'x', sub: undefined, exp: undefined, nbf: start / 1000 + 61, note: 1 }
  for (const [claim, value] of Object.entries(changes)) {
    t.equal(await assertions.verify(await signed({ [claim]: value })), 'invalid', claim)
  }
  for (const header of [{ typ: 'at+jwt' }, { kid: 'another' }, { kid: undefined }]) {
    t.equal(await assertions.verify(await signed({}, header)), 'invalid', JSON.stringify(header))
  }
})

t.test('no text at all makes it throw', async () => {
  const { assertions } = scene()
  const part = fc.oneof(
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
      return (await assertions.verify(new Secret(parts.join('.')))) === 'invalid'
    }),
  )
})
