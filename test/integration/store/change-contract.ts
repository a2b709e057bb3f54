/**
 * What every token store guarantees of changes: revocations, disabled subjects, and the clock they move.
 * @module
 */

import type { Test } from 'tap'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import {
  addToken,
  apartFromLine,
  clock,
  type IssuedHere,
  type NewDatabase,
  revocation,
  start,
} from './contract-database.ts'

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testChanges(t: Test, newDatabase: NewDatabase): void {
  t.test('a revocation is irreversible, and the second one says so', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token, digests } = await addToken(store)
    const first = await store.revokeToken(token.id, revocation)
    t.equal(first.outcome, 'revoked')
    t.match(first.token, { revokedAt: start + 5, revokedBy: 'root', revokedCause: 'leaked' })

    const second = await store.revokeToken(token.id, {
      at: start + 9,
      by: 'eve',
      origin: 'test',
      cause: 'again',
    })
    t.same(second, { outcome: 'already', token: first.token })
    t.same(
      apartFromLine(await store.find(digests)),
      { token: first.token, version: 1, keyId: 'k1' },
      'the clock moved once',
    )
    t.same(await store.revokeToken(newRecordId(clock), revocation), { outcome: 'unknown' })
    t.same(await store.revokeToken('no id', revocation), { outcome: 'unknown' })
    t.equal((await store.readClock()).version, 1)
  })

  t.test('of many revocations of one token at once exactly one counts', async (t) => {
    const database = await newDatabase(t)
    const stores = [database.open(), database.open(), database.open()]
    const { token } = await addToken(database.open())
    const outcomes = await Promise.all(
      stores.flatMap((store) => Array.from({ length: 5 }, () => store.revokeToken(token.id, revocation))),
    )
    t.equal(outcomes.filter(({ outcome }) => outcome === 'revoked').length, 1)
    t.equal(outcomes.filter(({ outcome }) => outcome === 'already').length, 14)
    t.equal((await database.open().readClock()).version, 1)
  })

  t.test(
    'each change has its version, and whoever follows the clock sees them in order and all',
    async (t) => {
      const database = await newDatabase(t)
      const stores = [database.open(), database.open(), database.open(), database.open()]
      const follower = database.open()
      const issued: IssuedHere[] = []
      for (let index = 0; index < 200; index++) issued.push(await addToken(follower))

      const seen: number[] = []
      let isOver = false
      const following = (async () => {
        while (!isOver || seen.length < (await follower.readClock()).version) {
          const changes = await follower.changesAfter(seen.at(-1) ?? 0, 7)
          seen.push(...changes.map(({ version }) => version))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      await Promise.all(
        issued.map(({ token }, index) => stores[index % stores.length]?.revokeToken(token.id, revocation)),
      )
      isOver = true
      await following
      // A version that became visible before a lower one would have been passed by, and be missing here.
      t.same(
        seen,
        Array.from({ length: 200 }, (_, index) => index + 1),
      )
    },
  )

  t.test('a reading is never newer or older than its version says', async (t) => {
    const database = await newDatabase(t)
    const [reader, writer] = [database.open(), database.open()]
    const issued = [await addToken(writer), await addToken(writer), await addToken(writer)]
    const readings = Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index))
        return reader.find(issued[2]?.digests ?? [{ keyId: '', value: '' }])
      }),
    )
    for (const { token } of issued) {
      await new Promise((resolve) => setTimeout(resolve, 15))
      await writer.revokeToken(token.id, revocation)
    }
    // The third token is revoked by the third change: before it the reading is live, from it on revoked.
    for (const { token, version } of await readings) t.equal(token?.revokedAt !== undefined, version >= 3)
  })

  t.test(
    'disabling and enabling a subject concerns all its tokens, and counts only when it changes something',
    async (t) => {
      const store = (await newDatabase(t)).open()
      const { digests, token } = await addToken(store)
      t.match(await store.setSubjectStatus('test:tester', 'active', revocation), { status: 'active' })
      t.equal((await store.readClock()).version, 0)
      t.match(await store.setSubjectStatus('test:tester', 'disabled', revocation), { status: 'disabled' })
      t.match(await store.find(digests), { token: { subject: { status: 'disabled' } }, version: 1 })
      await store.setSubjectStatus('test:tester', 'disabled', revocation)
      await store.setSubjectStatus('test:tester', 'active', revocation)
      t.match(await store.find(digests), { token: { subject: { status: 'active' } }, version: 2 })
      const subjectId = token.subject.id
      const changes = await store.changesAfter(0, 10)
      t.same(
        changes.map(({ changedAt: _, ...change }) => change),
        [
          { version: 1, tokenId: undefined, subjectId },
          { version: 2, tokenId: undefined, subjectId },
        ],
      )
      for (const { changedAt } of changes) t.ok(Math.abs(Date.now() - changedAt) < 60_000, 'the time is told')
      t.equal(await store.setSubjectStatus('nobody', 'disabled', revocation), undefined)
    },
  )

  t.test('changes come after a version and at most so many', async (t) => {
    const store = (await newDatabase(t)).open()
    const ids: string[] = []
    for (let index = 0; index < 5; index++) {
      const { token } = await addToken(store)
      await store.revokeToken(token.id, revocation)
      ids.push(token.id)
    }
    t.same(
      (await store.changesAfter(1, 3)).map(({ version, tokenId }) => [version, tokenId]),
      [2, 3, 4].map((version) => [version, ids[version - 1]]),
    )
    t.same(await store.changesAfter(5, 3), [])
    await t.rejects(store.changesAfter(0, 0), RangeError)
  })

  t.test('a leap leaves every version behind, and those after it follow without a gap', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token: before } = await addToken(store)
    const { token: after, digests } = await addToken(store)
    const version = async () => (await store.find(digests)).version
    await store.revokeToken(before.id, revocation)
    await store.leapClock(revocation, { from: 7, to: 9 })
    t.equal(await version(), revocation.at + 1)
    await store.leapClock({ ...revocation, at: 1 }, {})
    t.equal(await version(), revocation.at + 2, 'on, also by a clock that is behind')
    t.strictSame(await store.changesAfter(1, 10), [], 'whoever followed finds changes missing')
    await store.revokeToken(after.id, revocation)
    t.match(await store.changesAfter(revocation.at + 2, 10), [
      { version: revocation.at + 3, tokenId: after.id },
    ])
    const entries = (await store.audit.latest(10)).map(({ entry }) => JSON.parse(entry))
    t.match(
      entries.filter(({ deed }) => deed === 'record_recovered'),
      [{ by: 'root', details: { from: 7, to: 9 } }, { details: {} }],
    )
  })

  t.test('an aborted caller is let go with the reason', async (t) => {
    const store = (await newDatabase(t)).open()
    const reason = new Error('shutting down')
    await t.rejects(store.readClock(AbortSignal.abort(reason)), reason)
    await t.rejects(store.changesAfter(0, 1, AbortSignal.abort(reason)), reason)
  })
}
