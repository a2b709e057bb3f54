/**
 * What every token store guarantees of last uses, and of records that nobody needs any more.
 * @module
 */

import type { Test } from 'tap'
import { decodeEntry } from '../../../src/audit/entry.ts'
import { purgeTokens } from '../../../src/tokens/life/purge-tokens.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { addToken, clock, type NewDatabase, revocation, start } from './contract-database.ts'
import { derive } from './derive-contract.ts'

const dayMs = 86_400_000

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testPurging(t: Test, newDatabase: NewDatabase): void {
  t.test('a last use is recorded in one question, never moves back, and is no change', async (t) => {
    const asked: string[] = []
    const store = (await newDatabase(t)).open({ onQuery: (operation) => asked.push(operation) })
    const [one, two] = [(await addToken(store)).token, (await addToken(store)).token]
    asked.length = 0
    await store.recordUses([
      { tokenId: one.id, at: start + 5, address: '192.0.2.0/24' },
      { tokenId: two.id, at: start + 9, address: '2001:db8::/48' },
      { tokenId: two.id, at: start + 7, address: '10.0.0.0/24' },
      { tokenId: newRecordId(clock), at: start, address: undefined },
    ])
    t.same(asked, ['recordUses'])
    t.same(await store.showToken(one.id), { ...one, lastUsedAt: start + 5, lastUsedAddress: '192.0.2.0/24' })
    t.match(await store.showToken(two.id), { lastUsedAt: start + 9, lastUsedAddress: '2001:db8::/48' })

    await store.recordUses([
      { tokenId: one.id, at: start + 4, address: '10.0.0.0/24' },
      { tokenId: two.id, at: start + 10, address: undefined },
    ])
    t.match(await store.showToken(one.id), { lastUsedAt: start + 5, lastUsedAddress: '192.0.2.0/24' })
    t.match(await store.showToken(two.id), { lastUsedAt: start + 10, lastUsedAddress: undefined })
    await store.recordUses([])
    t.equal((await store.readClock()).version, 0)
  })

  t.test('removes what has been dead for long enough, and only that', async (t) => {
    const store = (await newDatabase(t)).open()
    const ids = {
      live: (await addToken(store, { expiresAt: start + dayMs })).token.id,
      endless: (await addToken(store)).token.id,
      expired: (await addToken(store, { expiresAt: start - 1 })).token.id,
      onTheDay: (await addToken(store, { expiresAt: start })).token.id,
      revoked: (await addToken(store, { bindings: { project: ['pip'] } })).token.id,
      revokedLater: (await addToken(store)).token.id,
      revokedAfterExpiry: (await addToken(store, { expiresAt: start - 1 })).token.id,
    }
    await store.revokeToken(ids.revoked, { ...revocation, at: start - 1 })
    await store.revokeToken(ids.revokedLater, revocation)
    await store.revokeToken(ids.revokedAfterExpiry, revocation)
    t.equal(await store.countDead(start), 3)
    t.equal(await store.purgeDead(start, revocation), 3)
    t.equal(await store.purgeDead(start, revocation), 0)
    const left = (await store.listTokens({ state: 'all', now: start, limit: 10 })).map(({ id }) => id)
    t.same(left.toSorted(), [ids.live, ids.endless, ids.onTheDay, ids.revokedLater].toSorted())
    t.equal(await store.countTokens({ binding: { key: 'project', value: 'pip' } }), 0)
  })

  t.test(
    'removes expired tokens of one kind alone, each batch with its entry in the audit record',
    async (t) => {
      const store = (await newDatabase(t)).open()
      const session = { kind: 'session', expiresAt: start - 1 } as const
      const kept = [
        await addToken(store, { ...session, expiresAt: start }),
        await addToken(store, { kind: 'session' }),
        await addToken(store, { expiresAt: start - 1 }),
        await addToken(store, { kind: 'build', expiresAt: start - 1 }),
      ].map(({ token }) => token.id)
      const expired = await Promise.all(Array.from({ length: 1_201 }, () => addToken(store, session)))
      const revoked = (await addToken(store, session)).token.id
      await store.revokeToken(revoked, revocation)
      const unexpired = (await addToken(store, { ...session, expiresAt: start + dayMs })).token.id
      await store.revokeToken(unexpired, { ...revocation, at: start - dayMs })
      const before = (await store.audit.latest(1))[0]?.seq ?? 0

      t.equal(await store.purgeExpired('session', start, revocation), 1_202)
      t.equal(await store.purgeExpired('session', start, revocation), 0)
      const left = (await store.listTokens({ state: 'all', now: start, limit: 10 })).map(({ id }) => id)
      t.same(left.toSorted(), [...kept, unexpired].toSorted())
      const entries = (await store.audit.entries({ after: before, limit: 10 })).map(({ entry }) =>
        decodeEntry(entry),
      )
      t.ok(entries.length >= 2)
      t.ok(entries.every((entry) => entry?.deed === 'tokens_purged' && entry.by === revocation.by))
      t.same(
        entries.flatMap((entry) => entry?.tokenIds ?? []).toSorted(),
        [...expired.map(({ token }) => token.id), revoked].toSorted(),
      )
    },
  )

  t.test('a session stays while a token that was derived from it does', async (t) => {
    const database = await newDatabase(t)
    const store = database.open()
    const { token } = await addToken(store)
    await derive(store, token)
    await database.execute(
      "UPDATE tokens SET expires_at = created_at, kind = 'session' WHERE parent_id IS NULL",
    )
    t.equal(await store.purgeExpired('session', start + 1, revocation), 0)
    t.ok(await store.showToken(token.id))
  })

  t.test(
    'purging takes sessions by their own age, and without one leaves them to the common age',
    async (t) => {
      const store = (await newDatabase(t)).open()
      const { token: session } = await addToken(store, { kind: 'session', expiresAt: start })
      const { token } = await addToken(store, { expiresAt: start })
      const later = { now: () => start + 2 * dayMs }
      const request = { olderThanMs: 90 * dayMs, by: 'root', origin: 'test' }
      t.match(await purgeTokens(store, later, request), { tokens: 0 })
      t.match(await purgeTokens(store, later, { ...request, sessionsOlderThanMs: dayMs }), { tokens: 1 })
      t.equal(await store.showToken(session.id), undefined)
      t.ok(await store.showToken(token.id))
    },
  )

  t.test('removes families whole, in more batches than one', async (t) => {
    const store = (await newDatabase(t)).open()
    await addToken(store)
    const family = async () => {
      const { token } = await addToken(store)
      await derive(store, await derive(store, token))
    }
    await Promise.all(Array.from({ length: 400 }, family))
    await store.revokeTokens({ createdBy: 'root' }, { ...revocation, at: start - 1 })
    t.equal(await store.purgeDead(start, revocation), 1_201)
    t.same(await store.listTokens({ state: 'all', now: start, limit: 10 }), [])
  })

  t.test('a record stays while one that was derived from it does', async (t) => {
    const database = await newDatabase(t)
    const store = database.open()
    const { token } = await addToken(store)
    const child = await derive(store, token)
    await database.execute('UPDATE tokens SET expires_at = created_at WHERE parent_id IS NULL')
    t.equal(await store.purgeDead(start + 1, revocation), 0)
    await database.execute('UPDATE tokens SET expires_at = created_at')
    t.equal(await store.purgeDead(start + 1, revocation), 2)
    t.equal(await store.showToken(child.id), undefined)
  })

  t.test('changes are kept for a day, and the clock stays where it is', async (t) => {
    const store = (await newDatabase(t)).open()
    for (let index = 0; index < 3; index++) {
      await store.revokeToken((await addToken(store)).token.id, revocation)
    }
    const hour = { now: () => Date.now() + dayMs - 3_600_000 }
    t.match(await purgeTokens(store, hour, { olderThanMs: 1_000 * dayMs, by: 'root', origin: 'test' }), {
      tokens: 0,
      changes: 0,
    })
    t.equal((await store.changesAfter(0, 10)).length, 3)
    const tomorrow = { now: () => Date.now() + dayMs + 3_600_000 }
    t.match(await purgeTokens(store, tomorrow, { olderThanMs: 1_000 * dayMs, by: 'root', origin: 'test' }), {
      tokens: 0,
      changes: 3,
    })
    t.same(await store.changesAfter(0, 10), [])
    t.equal((await store.readClock()).version, 3)
  })
}
