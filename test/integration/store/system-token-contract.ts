/**
 * What every token store guarantees of the system token.
 * @module
 */

import type { Test } from 'tap'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { ensureSystemToken } from '../../../src/tokens/system-token.ts'
import { addToken, clock, keyRing, type NewDatabase } from './contract-database.ts'

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testSystemToken(t: Test, newDatabase: NewDatabase): void {
  t.test('makes one system token, whoever asks first, and gives its text again', async (t) => {
    const database = await newDatabase(t)
    const stores = [database.open(), database.open(), database.open(), database.open()]
    const made = await Promise.all(stores.map((store) => ensureSystemToken(store, keyRing, clock, 'test')))
    t.equal(new Set(made.map(({ token }) => token.id)).size, 1)
    t.equal(new Set(made.map(({ text }) => text.reveal())).size, 1)

    const store = database.open()
    const { token, text } = await ensureSystemToken(store, keyRing, clock, 'test')
    t.same(token, made[0]?.token)
    t.match(token, { kind: 'system', access: 'owner', expiresAt: undefined, subject: { kind: 'system' } })
    t.same((await store.find(keyRing.digests(text))).token, token)
  })

  t.test('a second live system token is refused by the store itself', async (t) => {
    const store = (await newDatabase(t)).open()
    await ensureSystemToken(store, keyRing, clock, 'test')
    await t.rejects(addToken(store, { kind: 'system', sealedText: 'x' }))
    t.equal((await store.listTokens({ state: 'all', kind: 'system', now: 0, limit: 10 })).length, 1)
  })

  t.test('only the system token keeps a sealed text', async (t) => {
    const store = (await newDatabase(t)).open()
    await t.rejects(addToken(store, { sealedText: 'x' }))
    await t.rejects(addToken(store, { kind: 'system' }))
  })

  t.test('a revoked system token is replaced by another', async (t) => {
    const store = (await newDatabase(t)).open()
    const first = await ensureSystemToken(store, keyRing, clock, 'test')
    await store.revokeToken(first.token.id, { at: clock.now(), by: 'root', origin: 'test', cause: 'leaked' })
    const second = await ensureSystemToken(store, keyRing, clock, 'test')
    t.not(second.token.id, first.token.id)
    t.not(second.text.reveal(), first.text.reveal())
  })

  t.test('a ring without the key that sealed it is told, and no second token is made', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token } = await ensureSystemToken(store, keyRing, clock, 'test')
    const another = parseKeyRing(newKeyRing(clock).reveal())
    await t.rejects(ensureSystemToken(store, another, clock, 'test'), {
      message: new RegExp(`revoke ${token.id}`),
    })
    t.same((await store.systemToken())?.token, token)
  })
}
