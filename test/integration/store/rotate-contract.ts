/**
 * What every token store guarantees of rotation: two texts for a while, then one.
 * @module
 */

import type { Test } from 'tap'
import { rotateToken } from '../../../src/tokens/life/rotate-token.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { ensureSystemToken } from '../../../src/tokens/system-token.ts'
import { addToken, clock, keyRing, type NewDatabase, revocation, start } from './contract-database.ts'
import { derive } from './derive-contract.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Rotates at `start`, or throws what was wrong with that. */
async function rotate(store: TokenStore, id: string, overlapMs?: number) {
  const issuer = { registry: store, keyRing, clock, isNetwork: () => true }
  const request = { createdBy: 'ops', origin: 'test', ...(overlapMs !== undefined && { overlapMs }) }
  const rotated = await rotateToken(issuer, id, request)
  if (rotated.outcome !== 'rotated') {
    throw new Error(rotated.outcome === 'refused' ? rotated.problems.join('; ') : rotated.outcome)
  }
  return rotated
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testRotation(t: Test, newDatabase: NewDatabase): void {
  t.test('the new token has the rights of the old one, and both name each other', async (t) => {
    const store = (await newDatabase(t)).open()
    const rights = { scopes: ['a'], bindings: { project: ['pip'] }, access: 'owner', paths: ['/v1'] } as const
    const old = await addToken(store, {
      ...rights,
      createdAt: start - 9 * dayMs,
      expiresAt: start + dayMs / 2,
    })
    const { token, previous, text } = await rotate(store, old.token.id)
    t.match(token, { ...rights, rotatedFrom: old.token.id, createdBy: 'ops', subject: old.token.subject })
    t.equal(token.expiresAt, start + 9.5 * dayMs, 'as long as the old one lived')
    t.same(previous, { ...old.token, rotatedTo: token.id }, 'its own end came before that of the overlap')
    t.same((await store.find(old.digests)).token, previous, 'both texts work')
    t.same((await store.find(keyRing.digests(text))).token, token)
    t.same(
      (await store.changesAfter(0, 10)).map(({ tokenId }) => tokenId),
      [old.token.id],
    )
  })

  t.test('the old text ends with the overlap: in a day, at once, or when was said', async (t) => {
    const store = (await newDatabase(t)).open()
    for (const [overlapMs, expected] of [
      [undefined, start + dayMs],
      [0, start],
      [30 * dayMs, start + 30 * dayMs],
    ]) {
      const { token } = await addToken(store)
      const { previous, token: next } = await rotate(store, token.id, overlapMs)
      t.equal(previous.expiresAt, expected)
      t.equal(next.expiresAt, undefined)
    }
    const { token } = await addToken(store)
    for (const overlapMs of [-1, 30 * dayMs + 1, Number.NaN]) {
      await t.rejects(rotate(store, token.id, overlapMs), { message: /overlap must be/ })
    }
    t.same(await store.showToken(token.id), token)
  })

  t.test('a token is rotated once, and its successor after it', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token: first } = await addToken(store)
    const { token: second } = await rotate(store, first.id)
    const { token: third } = await rotate(store, second.id)
    t.match(await store.showToken(second.id), { rotatedFrom: first.id, rotatedTo: third.id })
    await t.rejects(rotate(store, first.id), { message: new RegExp(`rotated already: rotate ${second.id}`) })
    await t.rejects(rotate(store, newRecordId(clock)), { message: 'unknown' })
    t.equal((await store.listTokens({ state: 'all', now: start, limit: 10 })).length, 3)
  })

  t.test('of many rotations at once exactly one counts', async (t) => {
    const database = await newDatabase(t)
    const stores = [database.open(), database.open()]
    const { token } = await addToken(database.open())
    const outcomes = await Promise.allSettled(
      stores.flatMap((store) => Array.from({ length: 5 }, () => rotate(store, token.id))),
    )
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal((await database.open().listTokens({ state: 'all', now: start, limit: 99 })).length, 2)
  })

  t.test('what is dead, and what the gateway makes itself, is not rotated', async (t) => {
    const store = (await newDatabase(t)).open()
    const expired = await addToken(store, { expiresAt: start })
    const revoked = await addToken(store)
    await store.revokeToken(revoked.token.id, revocation)
    const system = await ensureSystemToken(store, keyRing, clock, 'test')
    await t.rejects(rotate(store, expired.token.id), { message: /is expired: it cannot be rotated/ })
    await t.rejects(rotate(store, revoked.token.id), { message: /is revoked: it cannot be rotated/ })
    await t.rejects(rotate(store, system.token.id), { message: /the system token is not rotated/ })
    const { token } = await addToken(store)
    await store.setSubjectStatus('test:tester', 'disabled', revocation)
    await t.rejects(rotate(store, token.id), { message: /is subject-disabled/ })
  })

  t.test('what was derived ends with the old text at the latest', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token } = await addToken(store)
    const child = await derive(store, token, { lifetimeMs: 12 * hourMs })
    const grandchild = await derive(store, child, { lifetimeMs: 10 * hourMs })
    const brief = await derive(store, token, { lifetimeMs: 60_000 })
    await rotate(store, token.id, hourMs)
    t.same(await store.showToken(child.id), { ...child, expiresAt: start + hourMs })
    t.same(await store.showToken(grandchild.id), { ...grandchild, expiresAt: start + hourMs })
    t.same(await store.showToken(brief.id), brief)
    const changed = (await store.changesAfter(0, 10)).map(({ tokenId }) => tokenId)
    t.same(changed.toSorted(), [token.id, child.id, grandchild.id].toSorted())
  })

  t.test('a derived token that is rotated stays derived and lives no longer', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token: parent } = await addToken(store)
    const child = await derive(store, parent)
    const { token: next } = await rotate(store, child.id, 0)
    t.match(next, { parentId: parent.id, expiresAt: child.expiresAt, rotatedFrom: child.id })
    await store.revokeToken(parent.id, revocation)
    t.match(await store.showToken(next.id), { revokedCause: 'leaked' })
  })
}
