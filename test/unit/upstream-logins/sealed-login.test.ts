/**
 * Logins as the record holds them: what was sealed comes back, and nothing else does.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { openLogin, resealLogin, sealLogin } from '../../../src/tokens/upstream-logins/sealed-login.ts'
import { alice, bob } from './replica.ts'

const keyRing = parseKeyRing(newKeyRing({ now: () => 0 }).reveal())
const place = { subjectId: alice, upstream: 'swift' }
const full = { user: 'u', key: 'k', token: 't', tokenExpiresAt: 1, storageUrl: 'http://swift/v1/AUTH_u' }

/** What is opened of any JSON that was sealed for the right place. */
function opened(json: unknown) {
  const plaintext = typeof json === 'string' ? json : JSON.stringify(json)
  return openLogin(keyRing, {
    ...place,
    sealed: keyRing.seal(plaintext, `upstream login ${alice} swift`),
  })
}

t.test('every login comes back as it was sealed, under the key that it says', async () => {
  const session = fc.record({
    token: fc.string(),
    expiresAt: fc.maxSafeInteger(),
    storageUrl: fc.option(fc.string(), { nil: undefined }),
  })
  const login = fc.record({
    user: fc.string(),
    key: fc.string(),
    session: fc.option(session, { nil: undefined }),
  })
  fc.assert(
    fc.property(login, ({ user, key, session }) => {
      const known = {
        user,
        key: new Secret(key),
        session: session && { ...session, token: new Secret(session.token) },
      }
      const sealed = sealLogin(keyRing, place, known, 7)
      const again = openLogin(keyRing, sealed)
      return (
        sealed.keyId === 'k1' &&
        sealed.updatedAt === 7 &&
        again?.user === user &&
        again.key.reveal() === key &&
        again.session?.token.reveal() === session?.token &&
        again.session?.expiresAt === session?.expiresAt &&
        again.session?.storageUrl === session?.storageUrl
      )
    }),
  )
})

t.test('content with a field more, less or of another type is no login', async (t) => {
  t.ok(opened(full))
  t.ok(opened({ ...full, storageUrl: null }))
  const none = { ...full, token: null, tokenExpiresAt: null, storageUrl: null }
  t.match(opened(none), { session: undefined })
  for (const field of Object.keys(full) as (keyof typeof full)[]) {
    const { [field]: _, ...less } = full
    t.equal(opened(less), undefined, `without ${field}`)
    t.equal(opened({ ...less, surplus: null }), undefined, `another in the place of ${field}`)
    for (const value of [true, {}, [], 1.5]) t.equal(opened({ ...full, [field]: value }), undefined, field)
  }
  t.equal(opened({ ...full, more: 1 }), undefined)
  t.equal(opened({ ...full, token: null }), undefined)
  t.equal(opened({ ...full, tokenExpiresAt: null }), undefined)
  for (const text of ['', 'null', '[]', '1', '"x"', '{', '{}']) t.equal(opened(text), undefined, text)
})

t.test('another place and any changed byte open nothing', async (t) => {
  const { sealed } = sealLogin(keyRing, place, { user: 'u', key: new Secret('k'), session: undefined }, 0)
  t.ok(openLogin(keyRing, { ...place, sealed }))
  t.equal(openLogin(keyRing, { ...place, subjectId: bob, sealed }), undefined)
  t.equal(openLogin(keyRing, { ...place, upstream: 'swift ', sealed }), undefined)
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(sealed.readUInt8(at) ^ 1, at)
    t.equal(openLogin(keyRing, { ...place, sealed: changed }), undefined)
    t.equal(openLogin(keyRing, { ...place, sealed: sealed.subarray(0, at) }), undefined)
  }
})

t.test('what is sealed again is the same under the present key', async (t) => {
  const text = newKeyRing({ now: () => 0 }).reveal()
  const [k1] = parseRingText(text).keys
  const one = parseKeyRing(text)
  const written = JSON.parse(text)
  const secret = Buffer.alloc(32, 7).toString('base64url')
  written.keys.push({ ...written.keys[0], id: 'k2', secret })
  const two = parseKeyRing(JSON.stringify({ ...written, current: 'k2' }))
  const login = sealLogin(one, place, { user: 'u', key: new Secret('k'), session: undefined }, 9)
  t.equal(login.keyId, k1?.id)
  const again = resealLogin(two, login)
  t.match(again, { ...place, keyId: 'k2', updatedAt: 9 })
  t.equal(again && openLogin(two, again)?.key.reveal(), 'k')
  t.equal(again && openLogin(one, again), undefined)
  t.equal(resealLogin(two, { ...login, subjectId: bob }), undefined)
})
