/**
 * What every token store guarantees of derived tokens: they live and die with what they came of.
 * @module
 */

import type { Test } from 'tap'
import { networkCovers } from '../../../src/client-address/network-covers.ts'
import type { DeriveRequest } from '../../../src/tokens/life/derive-problems.ts'
import { deriveToken } from '../../../src/tokens/life/derive-token.ts'
import { revokeItself } from '../../../src/tokens/life/revoke-itself.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import type { Token } from '../../../src/tokens/token.ts'
import { addToken, clock, keyRing, type NewDatabase, revocation, start } from './contract-database.ts'

const hourMs = 3_600_000

/** Derives from `parent`, or throws what was wrong with that. */
export async function derive(
  store: TokenStore,
  parent: Token,
  request: Partial<DeriveRequest> = {},
): Promise<Token> {
  const deriver = { registry: store, keyRing, clock, isNetwork: () => true, networkCovers }
  const issued = await deriveToken(deriver, parent, { createdBy: 'ci', origin: 'test', ...request })
  if (issued.outcome === 'refused') throw new Error(issued.problems.join('; '))
  return issued.token
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testDeriving(t: Test, newDatabase: NewDatabase): void {
  t.test('a derived token has the rights of its parent, a parent of record, and an end', async (t) => {
    const store = (await newDatabase(t)).open()
    const rights = { scopes: ['a', 'b'], bindings: { project: ['pip', 'flask'] }, access: 'owner' } as const
    const { token: parent } = await addToken(store, { ...rights, paths: ['/v1'], networks: ['10.0.0.0/8'] })
    const whole = await derive(store, parent)
    t.match(whole, { ...rights, paths: ['/v1'], networks: ['10.0.0.0/8'], kind: 'personal' })
    t.match(whole, {
      parentId: parent.id,
      expiresAt: start + hourMs,
      createdBy: 'ci',
      subject: parent.subject,
    })

    const less = { kind: 'session', scopes: ['a'], bindings: { project: ['pip'] }, access: 'none' } as const
    const narrow = await derive(store, parent, { ...less, paths: ['/v1/a'], networks: ['10.1.0.0/16'] })
    t.match(narrow, { ...less, paths: ['/v1/a'], networks: ['10.1.0.0/16'] })
    const filter = { state: 'all', parentId: parent.id, now: start, limit: 10 } as const
    t.same(await store.listTokens(filter), [narrow, whole])
  })

  t.test('nothing that was derived outlives its parent, however long was asked for', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token: parent } = await addToken(store, { expiresAt: start + 5 })
    t.equal((await derive(store, parent, { lifetimeMs: hourMs })).expiresAt, start + 5)
    // The record itself is the last to check, for whoever comes past the rules.
    const longer = { parentId: parent.id, expiresAt: start + 6 }
    await t.rejects(addToken(store, longer), { name: 'ParentUnfit' })
    await t.rejects(addToken(store, { parentId: parent.id, expiresAt: undefined }), { name: 'ParentUnfit' })
    const other = await store.addSubject({ id: parent.id, name: 'eve', kind: 'user' }, revocation)
    const stolen = { parentId: parent.id, expiresAt: start + 1, subjectId: other?.id ?? '' }
    await t.rejects(addToken(store, stolen), { name: 'ParentUnfit' })
  })

  t.test('a revocation takes three generations with it and nothing else', async (t) => {
    const store = (await newDatabase(t)).open()
    const root = await addToken(store)
    const sibling = await addToken(store)
    const child = await derive(store, root.token)
    const spared = await derive(store, sibling.token)
    const grandchild = await derive(store, child)
    const last = await derive(store, grandchild)
    await t.rejects(derive(store, last), { message: /in 3 steps already/ })

    t.match(await store.revokeToken(root.token.id, revocation), { outcome: 'revoked', derived: 3 })
    for (const { id } of [child, grandchild, last]) {
      t.match(await store.showToken(id), {
        revokedAt: revocation.at,
        revokedBy: 'root',
        revokedCause: 'leaked',
      })
    }
    t.same(await store.showToken(spared.id), spared)
    const changed = (await store.changesAfter(0, 10)).map(({ tokenId }) => tokenId)
    t.same(changed.toSorted(), [root.token.id, child.id, grandchild.id, last.id].toSorted())
    const revoked = await store.showToken(root.token.id)
    await t.rejects(derive(store, revoked ?? root.token), { message: /is revoked/ })
  })

  t.test('a parent that was read before its revocation has no child afterwards', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token } = await addToken(store)
    await store.revokeToken(token.id, revocation)
    await t.rejects(derive(store, token), { message: /was revoked or rotated meanwhile/ })
    t.equal((await store.listTokens({ state: 'all', now: start, limit: 10 })).length, 1)
  })

  t.test('of deriving and revoking at once, no child is left alive', async (t) => {
    const database = await newDatabase(t)
    const [one, two] = [database.open(), database.open()]
    for (let round = 0; round < 15; round++) {
      const { token } = await addToken(one)
      const child = await derive(one, token)
      await Promise.allSettled([
        derive(one, token),
        derive(two, child),
        two.revokeToken(token.id, revocation),
        derive(one, child),
        derive(two, token),
      ])
    }
    t.same(await one.listTokens({ state: 'active', now: start, limit: 100 }), [])
  })

  t.test('a token revokes itself and what came of it, as often as its client asks', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token } = await addToken(store)
    const child = await derive(store, token)
    const first = await revokeItself(store, clock, token, 'test')
    t.match(first, { revokedBy: 'test:tester', revokedCause: 'revoked by the token itself' })
    t.same(await revokeItself(store, { now: () => start + 9 }, token, 'test'), first)
    t.match(await store.showToken(child.id), { revokedBy: 'test:tester' })
  })
}
