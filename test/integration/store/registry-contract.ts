/**
 * What every token store guarantees of issuing and listing.
 * @module
 */

import type { Test } from 'tap'
import { issueToken } from '../../../src/tokens/life/issue-token.ts'
import type { TokenFilter } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { actAt } from '../../support/act.ts'
import { addToken, clock, keyRing, type NewDatabase, revocation, start } from './contract-database.ts'

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testRegistry(t: Test, newDatabase: NewDatabase): void {
  t.test('a name is one subject until that is deleted', async (t) => {
    const database = await newDatabase(t)
    const store = database.open()
    const add = () => store.addSubject({ id: newRecordId(clock), name: 'pip', kind: 'project' }, actAt(start))
    const added = await Promise.all([add(), add(), add()])
    const [first, ...others] = added.filter((subject) => subject !== undefined)
    t.equal(others.length, 0)
    t.match(first, { name: 'pip', kind: 'project', status: 'active' })
    t.same(await store.findSubject('pip'), first)

    await database.execute("UPDATE subjects SET status = 'deleted'")
    t.equal(await store.findSubject('pip'), undefined)
    t.equal(
      await store.setSubjectStatus('pip', 'active', revocation),
      undefined,
      'a deleted subject does not come back',
    )
    const second = await add()
    t.not(second?.id, first?.id)
    t.same(
      (await store.listSubjects({ limit: 10 })).map(({ id }) => id),
      [second?.id, first?.id],
    )
    t.same(await store.listSubjects({ status: 'active', limit: 10 }), [second])
    t.same(await store.listSubjects({ limit: 10, after: second?.id ?? '' }), [
      { ...first, status: 'deleted' },
    ])
  })

  t.test('pages neither repeat nor miss a token while others are issued', async (t) => {
    const store = (await newDatabase(t)).open()
    const issued: string[] = []
    for (let index = 0; index < 7; index++) issued.push((await addToken(store)).token.id)

    const listed: string[] = []
    for (let after: string | undefined; ; ) {
      const filter: TokenFilter = { state: 'all', now: start, limit: 3 }
      const page = await store.listTokens(after === undefined ? filter : { ...filter, after })
      if (page.length === 0) break
      listed.push(...page.map(({ id }) => id))
      after = listed.at(-1)
      await addToken(store)
    }
    t.same(listed, issued.toReversed())
    await t.rejects(store.listTokens({ state: 'all', now: start, limit: -1 }), RangeError)
    await t.rejects(store.listTokens({ state: 'all', now: start, limit: 1, after: '7' }), RangeError)
    await t.rejects(store.listTokens({ state: 'all', now: start, limit: 1, parentId: '7' }), RangeError)
  })

  t.test('lists by state, kind and subject', async (t) => {
    const store = (await newDatabase(t)).open()
    const wanted = { id: newRecordId(clock), name: 'pip', kind: 'project' } as const
    const pip = await store.addSubject(wanted, actAt(start))
    const ids = {
      active: (await addToken(store, { expiresAt: start + 1 })).token.id,
      expired: (await addToken(store, { expiresAt: start })).token.id,
      revoked: (await addToken(store, { expiresAt: start })).token.id,
      build: (await addToken(store, { kind: 'build', subjectId: pip?.id ?? '' })).token.id,
    }
    await store.revokeToken(ids.revoked, revocation)
    const list = async (filter: Partial<TokenFilter>) =>
      (await store.listTokens({ state: 'all', now: start, limit: 10, ...filter })).map(({ id }) => id)

    t.same(await list({ state: 'active' }), [ids.build, ids.active])
    t.same(await list({ state: 'expired' }), [ids.expired])
    t.same(await list({ state: 'revoked' }), [ids.revoked])
    t.same(await list({ kind: 'build' }), [ids.build])
    t.same(await list({ subject: 'pip', state: 'active', kind: 'build' }), [ids.build])
    t.same(await list({ subject: 'test:tester', after: ids.revoked }), [ids.expired, ids.active])
    t.same(await list({ subject: 'nobody' }), [])
    await store.setSubjectStatus('pip', 'disabled', revocation)
    t.same(await list({ state: 'active' }), [ids.active], 'a disabled subject has no active token')
  })

  t.test('a token for an unknown subject, or for none, is never recorded', async (t) => {
    const store = (await newDatabase(t)).open()
    await t.rejects(addToken(store, { subjectId: newRecordId(clock) }), { name: /^(?!StoreUnavailable)/ })
    t.same(await store.listTokens({ state: 'all', now: start, limit: 1 }), [])
    t.equal(await store.showToken(newRecordId(clock)), undefined)
    t.equal(await store.showToken('no id'), undefined)
  })

  t.test('issues a token that is found by its text', async (t) => {
    const store = (await newDatabase(t)).open()
    const issuer = { registry: store, keyRing, clock, isNetwork: () => true }
    const request = {
      kind: 'build',
      subject: 'pip',
      subjectKind: 'project',
      createdBy: 'root',
      origin: 'test',
    } as const
    const issued = await issueToken(issuer, request)
    if (issued.outcome === 'refused') throw new Error(issued.problems.join())
    t.ok(issued.isNewSubject)
    t.match(issued.token, { kind: 'build', access: 'read-only', expiresAt: start + 3 * 3_600_000 })
    t.match(issued.token.subject, { name: 'pip', kind: 'project' })
    t.same((await store.find(keyRing.digests(issued.text))).token, issued.token)

    const again = await issueToken(issuer, { ...request, kind: 'personal' })
    t.match(again, { outcome: 'issued', isNewSubject: false, token: { expiresAt: undefined } })
  })

  t.test('issues nothing for a disabled subject, nor for one that is being added twice', async (t) => {
    const store = (await newDatabase(t)).open()
    const issuer = { registry: store, keyRing, clock, isNetwork: () => true }
    const request = { kind: 'personal', subject: 'pip', createdBy: 'root', origin: 'test' } as const
    const issued = await Promise.all([issueToken(issuer, request), issueToken(issuer, request)])
    t.equal(issued.filter((one) => one.outcome === 'issued' && one.isNewSubject).length, 1)
    await store.setSubjectStatus('pip', 'disabled', revocation)
    t.same(await issueToken(issuer, request), {
      outcome: 'refused',
      problems: ['subject «pip» is disabled'],
    })
    t.equal((await store.listTokens({ state: 'all', now: start, limit: 10 })).length, 2)
  })
}
