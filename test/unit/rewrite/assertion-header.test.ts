/**
 * When an assertion is signed, and when the one that was signed is sent again.
 * @module
 */

import t from 'tap'
import { authorizeAnonymous, authorizePublic } from '../../../src/authorize/authorize.ts'
import { grant } from '../../../src/authorize/grant.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { compileAssertGrant } from '../../../src/rewrite/assertion-header.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { rotateKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import type { Token } from '../../../src/tokens/token.ts'

const lifetimeMs = 60_000
const material = parseRingText(newKeyRing({ now: () => 0 }).reveal())
const aToken: Token = {
  id: '0196-a',
  kind: 'personal',
  subject: { id: 's1', name: 'alice', kind: 'user', status: 'active', createdAt: 0 },
  scopes: [],
  bindings: {},
  access: 'read-write',
  networks: undefined,
  paths: undefined,
  description: '',
  createdAt: 0,
  createdBy: 'test',
  expiresAt: undefined,
  lastUsedAt: undefined,
  lastUsedAddress: undefined,
  revokedAt: undefined,
  revokedBy: undefined,
  revokedCause: undefined,
  parentId: undefined,
  rotatedFrom: undefined,
  rotatedTo: undefined,
}

/** Every signature is told apart by its number, and waits until it is let through. */
function scene({ token = aToken, holds = false } = {}) {
  const state = { now: 0, ring: new KeyRing(material), signed: 0, isBroken: false }
  const gates: (() => void)[] = []
  const assertGrant = compileAssertGrant({
    header: 'x-proof',
    keyRing: () => state.ring,
    now: () => state.now,
    sign: async (_token, access, _ring, now) => {
      const text = new Secret(`${++state.signed} ${access}`)
      if (holds) await new Promise<void>((resolve) => gates.push(resolve))
      if (state.isBroken) throw new Error('no signature')
      const end = Math.min(now + lifetimeMs, token.expiresAt ?? Number.POSITIVE_INFINITY)
      return { text, issuedAt: now, expiresAt: Math.floor(end / 1_000) * 1_000 }
    },
  })
  const ask = (access = token.access) => assertGrant(grant('token', token, access))
  return { state, ask, assertGrant, release: () => gates.splice(0).map((open) => open()) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

t.test('the first waits for a signature, the next gets the very same at once', async (t) => {
  const { state, ask } = scene()
  const first = ask()
  t.ok(first instanceof Promise)
  t.strictSame(await first, ['x-proof', '1 read-write'])
  t.equal(ask(), await first)
  t.equal(state.signed, 1)
})

t.test('requests that come together wait for one signature', async (t) => {
  const { state, ask, release } = scene({ holds: true })
  const asked = Array.from({ length: 20 }, () => ask())
  release()
  t.equal(new Set(await Promise.all(asked)).size, 1)
  t.equal(state.signed, 1)
})

t.test('from half its life on another is signed, once, and nobody waits for it', async (t) => {
  const { state, ask, release } = scene({ holds: true })
  const first = ask()
  release()
  const held = await first
  state.now = lifetimeMs / 2 - 1
  t.equal(ask(), held)
  t.equal(state.signed, 1)
  state.now = lifetimeMs / 2
  for (let turn = 0; turn < 5; turn++) t.equal(ask(), held)
  t.equal(state.signed, 2)
  release()
  await settled()
  t.strictSame(ask(), ['x-proof', '2 read-write'])
})

t.test('none goes out with less than a quarter of its life left', async (t) => {
  const { state, ask } = scene()
  await ask()
  state.now = (lifetimeMs * 3) / 4
  t.strictSame(await ask(), ['x-proof', '2 read-write'])
})

t.test('one that is renewed in vain goes on, and then the failure is told', async (t) => {
  const { state, ask } = scene()
  const held = await ask()
  state.isBroken = true
  state.now = lifetimeMs / 2
  t.equal(ask(), held)
  await settled()
  t.equal(ask(), held)
  await settled()
  state.now = (lifetimeMs * 3) / 4
  await t.rejects(Promise.resolve(ask()), { message: 'no signature' })
  state.isBroken = false
  t.match(await ask(), ['x-proof', / read-write$/])
})

t.test('another ring signs at once, also where one of the former ring is under way', async (t) => {
  const { state, ask, release } = scene({ holds: true })
  const former = ask()
  state.ring = new KeyRing(rotateKey(material, { now: () => 0 }))
  const current = ask()
  release()
  t.strictSame(await former, ['x-proof', '1 read-write'])
  t.strictSame(await current, ['x-proof', '2 read-write'])
  t.equal(ask(), await current)
})

t.test('a clock that is set back makes what was signed before worthless', async (t) => {
  const { state, ask } = scene()
  state.now = 3_600_000
  await ask()
  state.now = 0
  t.strictSame(await ask(), ['x-proof', '2 read-write'])
})

t.test('what ends with its token is not signed again and again', async (t) => {
  const { state, ask } = scene({ token: { ...aToken, expiresAt: 10_500 } })
  const held = await ask()
  for (const now of [5_000, 9_999, 10_499]) {
    state.now = now
    t.equal(ask(), held)
  }
  t.equal(state.signed, 1)
})

t.test('each access of a token has its own, and so has a record that has changed', async (t) => {
  const { ask, assertGrant } = scene()
  t.strictSame(await ask('owner'), ['x-proof', '1 owner'])
  t.strictSame(await ask('read-only'), ['x-proof', '2 read-only'])
  t.strictSame(await ask('owner'), ['x-proof', '1 owner'])
  t.strictSame(await assertGrant(grant('token', { ...aToken }, 'owner')), ['x-proof', '3 owner'])
})

t.test('nothing is said of nobody', async (t) => {
  const { state, assertGrant } = scene()
  for (const nobody of [authorizePublic(), authorizeAnonymous(), grant('shadow', undefined, 'none')]) {
    t.strictSame(assertGrant(nobody), [])
  }
  t.equal(state.signed, 0)
})
