/**
 * What every token store guarantees of tokens that end together: those of a subject, a binding or an issuer.
 * @module
 */

import type { Test } from 'tap'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import type { Subject } from '../../../src/tokens/token.ts'
import { actAt } from '../../support/act.ts'
import { addToken, clock, type NewDatabase, revocation, start } from './contract-database.ts'
import { derive } from './derive-contract.ts'

/** More than any store takes in one batch. */
const many = 1_203

async function addSubject(store: TokenStore, name: string): Promise<Subject> {
  const subject = await store.addSubject({ id: newRecordId(clock), name, kind: 'project' }, actAt(start))
  if (subject === undefined) throw new Error(`${name} is there already`)
  return subject
}

async function revokedIds(store: TokenStore): Promise<string[]> {
  const revoked = await store.listTokens({ state: 'revoked', now: start, limit: 10_000 })
  return revoked.map(({ id }) => id).toSorted()
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testGroups(t: Test, newDatabase: NewDatabase): void {
  t.test('revokes by subject, in as many batches as it takes, and is done when it says so', async (t) => {
    const store = (await newDatabase(t)).open()
    const [pip, flask] = [await addSubject(store, 'pip'), await addSubject(store, 'flask')]
    await Promise.all(Array.from({ length: many }, () => addToken(store, { subjectId: pip.id })))
    const { token: spared } = await addToken(store, { subjectId: flask.id })
    t.equal(await store.countTokens({ subjectId: pip.id }), many)
    t.equal(await store.revokeTokens({ subjectId: pip.id }, revocation), many)
    t.equal(await store.countTokens({ subjectId: pip.id }), 0)
    t.equal(await store.revokeTokens({ subjectId: pip.id }, revocation), 0)
    t.equal((await revokedIds(store)).length, many)
    t.same(await store.showToken(spared.id), spared)
    const changes = await store.changesAfter(0, 10_000)
    t.ok(changes.length > 1 && changes.length < 9, 'the subject stands for its tokens, once in each batch')
    for (const { subjectId } of changes) t.equal(subjectId, pip.id)
  })

  t.test('revokes by a binding that names the value, and what was derived from it', async (t) => {
    const store = (await newDatabase(t)).open()
    const named = await addToken(store, { bindings: { project: ['flask', 'pip'], account: ['x'] } })
    const narrowed = await derive(store, named.token, { bindings: { project: ['flask'], account: ['x'] } })
    await addToken(store, { bindings: { project: ['*'] } })
    await addToken(store, { bindings: { account: ['pip'] } })
    await addToken(store, { bindings: { project: ['pip2'] } })
    await addToken(store)
    const pip = { binding: { key: 'project', value: 'pip' } }
    t.equal(await store.countTokens(pip), 1)
    t.equal(await store.revokeTokens(pip, { ...revocation, cause: 'project deleted' }), 2)
    t.same(await revokedIds(store), [named.token.id, narrowed.id].toSorted())
    t.match(await store.showToken(narrowed.id), { revokedBy: 'root', revokedCause: 'project deleted' })
    const changed = (await store.changesAfter(0, 10)).map(({ version, tokenId }) => [version, tokenId])
    t.same(
      changed.map(([version]) => version),
      [1, 2],
    )
    t.same(changed.map(([, id]) => id).toSorted(), [named.token.id, narrowed.id].toSorted())
  })

  t.test('revokes by issuer, and leaves an earlier revocation as it was', async (t) => {
    const store = (await newDatabase(t)).open()
    const mallory = { createdBy: 'mallory' }
    const before = await addToken(store, mallory)
    await store.revokeToken(before.token.id, { at: start, by: 'alice', origin: 'test', cause: 'unused' })
    const live = await addToken(store, mallory)
    await addToken(store)
    t.equal(await store.revokeTokens(mallory, revocation), 1)
    t.same(await revokedIds(store), [before.token.id, live.token.id].toSorted())
    t.match(await store.showToken(before.token.id), { revokedBy: 'alice', revokedCause: 'unused' })
    t.equal(await store.revokeTokens({ createdBy: 'nobody' }, revocation), 0)
    t.equal((await store.readClock()).version, 2)
  })

  t.test('revokes every token, in as many batches as it takes', async (t) => {
    const store = (await newDatabase(t)).open()
    const subject = await addSubject(store, 'pip')
    await Promise.all(Array.from({ length: many }, () => addToken(store, { subjectId: subject.id })))
    const { token } = await addToken(store)
    await derive(store, token)
    const every = { every: 'token' } as const
    t.equal(await store.countTokens(every), many + 2)
    t.equal(await store.revokeTokens(every, revocation), many + 2)
    t.equal(await store.countTokens(every), 0)
    const [{ entry } = { entry: '' }] = await store.audit.latest(1)
    t.match(JSON.parse(entry), { deed: 'tokens_revoked', details: { every: 'token' } })
  })

  t.test('groups that overlap may be revoked at once, and each token counts once', async (t) => {
    const database = await newDatabase(t)
    const [one, two, three] = [database.open(), database.open(), database.open()]
    const pip = await addSubject(one, 'pip')
    const bound = { subjectId: pip.id, bindings: { project: ['pip'] }, createdBy: 'ci' }
    const parents = await Promise.all(Array.from({ length: 40 }, () => addToken(one, bound)))
    for (const { token } of parents) await derive(one, token)
    const counts = await Promise.all([
      one.revokeTokens({ subjectId: pip.id }, revocation),
      two.revokeTokens({ binding: { key: 'project', value: 'pip' } }, revocation),
      three.revokeTokens({ createdBy: 'ci' }, revocation),
      two.recordUses(parents.map(({ token }) => ({ tokenId: token.id, at: start, address: undefined }))),
    ])
    t.equal(
      counts.slice(0, 3).reduce<number>((sum, count) => sum + Number(count), 0),
      80,
    )
    t.equal((await revokedIds(one)).length, 80)
  })

  t.test('lists by binding, page by page, and never by a value that only looks alike', async (t) => {
    const store = (await newDatabase(t)).open()
    const issued: string[] = []
    for (let index = 0; index < 7; index++) {
      issued.push((await addToken(store, { bindings: { project: ['pip', 'pip', `p${index}`] } })).token.id)
      await addToken(store, { bindings: { project: ['*', 'pi%'], account: ['pip'] } })
    }
    const binding = { key: 'project', value: 'pip' }
    const listed: string[] = []
    for (let after: string | undefined; ; after = listed.at(-1)) {
      const filter = { state: 'active', binding, now: start, limit: 3, ...(after && { after }) } as const
      const page = await store.listTokens(filter)
      if (page.length === 0) break
      listed.push(...page.map(({ id }) => id))
    }
    t.same(listed, issued.toReversed())
    const none = await store.listTokens({
      state: 'all',
      binding: { key: 'project', value: "'" },
      now: start,
      limit: 1,
    })
    t.same(none, [])
  })

  t.test('a deleted subject takes its tokens with it for good, whoever bears its name later', async (t) => {
    const store = (await newDatabase(t)).open()
    const pip = await addSubject(store, 'pip')
    const { token, digests } = await addToken(store, { subjectId: pip.id })
    await derive(store, token)
    const deleted = await deleteSubject(store, clock, 'pip', {
      by: 'alice',
      origin: 'test',
      cause: 'moved away',
    })
    t.same(deleted, { subject: { ...pip, status: 'deleted' }, revoked: 2 })
    t.equal(await deleteSubject(store, clock, 'pip', { by: 'alice', origin: 'test' }), undefined)
    t.equal(await store.setSubjectStatus('pip', 'active', revocation), undefined)

    const second = await addSubject(store, 'pip')
    t.not(second.id, pip.id)
    const { token: dead } = await store.find(digests)
    t.match(dead, { revokedBy: 'alice', revokedCause: 'subject deleted by alice: moved away' })
    t.match(dead?.subject, { id: pip.id, status: 'deleted' })
    t.same(await store.listTokens({ state: 'all', subject: 'pip', now: start, limit: 10 }), [])
  })

  t.test('a deletion that broke off is finished by the next one', async (t) => {
    const store = (await newDatabase(t)).open()
    const pip = await addSubject(store, 'pip')
    const { token } = await addToken(store, { subjectId: pip.id })
    await store.setSubjectStatus('pip', 'disabled', revocation)
    t.match(await deleteSubject(store, clock, 'pip', { by: 'alice', origin: 'test' }), { revoked: 1 })
    t.match(await store.showToken(token.id), { revokedCause: 'subject deleted by alice' })
  })
}
