/**
 * What every token store guarantees of look-ups.
 * @module
 */

import { inspect } from 'node:util'
import type { Test } from 'tap'
import { foreignDigest } from '../../../src/tokens/foreign/foreign-digest.ts'
import { mintToken } from '../../../src/tokens/mint-token.ts'
import type { TokenFilter } from '../../../src/tokens/ports.ts'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { tokenState } from '../../../src/tokens/token.ts'
import {
  addToken,
  apartFromLine,
  clock,
  type IssuedHere,
  keyRing,
  type NewDatabase,
  revocation,
  start,
} from './contract-database.ts'

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testFinding(t: Test, newDatabase: NewDatabase): void {
  t.test('finds a token with all it was recorded with', async (t) => {
    const store = (await newDatabase(t)).open()
    const given = {
      scopes: ['project:read', 'a,b', 'quote"d', '{}'],
      bindings: { project: ['pip', '*'], account: ['AUTH_é'] },
      access: 'owner',
      networks: ['10.0.0.0/8', '2001:db8::/32'],
      paths: ['/v1/a'],
      description: 'for «deploy»',
      expiresAt: start + 1,
    } as const
    const { token, digests } = await addToken(store, given)
    t.match(token, { ...given, kind: 'personal', createdAt: start, createdBy: 'root' })
    t.match(token.subject, { name: 'test:tester', kind: 'user', status: 'active', createdAt: start })
    t.same(apartFromLine(await store.find(digests)), { token, version: 0, keyId: 'k1' })
    t.same(await store.showToken(token.id), token)
  })

  t.test('finds the same by its id, in the same snapshot and under the same key', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token, digests } = await addToken(store, { bindings: { group: ['acme'] } })
    await addToken(store)
    t.same(await store.findById(token.id), await store.find(digests))
    await store.revokeToken(token.id, revocation)
    const revoked = await store.findById(token.id)
    t.same(revoked, await store.find(digests))
    t.match(revoked, { version: 1, token: { revokedAt: revocation.at } })
    for (const id of [newRecordId(clock), '', `${token.id}'`, token.id.toUpperCase()]) {
      t.same(apartFromLine(await store.findById(id)), { token: undefined, version: 1 }, id)
    }
  })

  t.test('a record of another service, found by its id, is under no key', async (t) => {
    const store = (await newDatabase(t)).open()
    const digest = foreignDigest({ format: 'gocd', locator: 'abc' })
    const { token } = await addToken(store, { digest })
    t.same(apartFromLine(await store.findById(token.id)), { token, version: 0 })
  })

  t.test('«nowhere» and «anywhere» come back as they were recorded', async (t) => {
    const store = (await newDatabase(t)).open()
    const nowhere = await addToken(store, { networks: [], paths: [] })
    const anywhere = await addToken(store)
    t.match((await store.find(nowhere.digests)).token, { networks: [], paths: [] })
    t.equal((await store.find(nowhere.digests)).token?.networks?.length, 0)
    t.match((await store.find(anywhere.digests)).token, { networks: undefined, paths: undefined })
  })

  t.test('finds tokens in every state, for the caller to judge', async (t) => {
    const database = await newDatabase(t)
    const store = database.open()
    const expired = await addToken(store, { expiresAt: start })
    const revoked = await addToken(store)
    await store.revokeToken(revoked.token.id, revocation)
    const stateOf = async ({ digests }: IssuedHere) => {
      const { token } = await store.find(digests)
      return token && tokenState(token, start)
    }
    t.equal(await stateOf(expired), 'expired')
    t.equal(await stateOf(revoked), 'revoked')
    const active = await addToken(store)
    t.equal(await stateOf(active), 'active')
    await store.setSubjectStatus('test:tester', 'disabled', revocation)
    t.equal(await stateOf(active), 'subject-disabled')
    await database.execute("UPDATE subjects SET status = 'deleted'")
    t.equal(await stateOf(active), 'subject-deleted')
  })

  t.test('reports the version of the change clock also when there is no such token', async (t) => {
    const store = (await newDatabase(t)).open()
    const unknown = keyRing.digests(mintToken('personal', keyRing).text)
    t.same(apartFromLine(await store.find(unknown)), { token: undefined, version: 0 })
    const { token } = await addToken(store)
    await store.revokeToken(token.id, revocation)
    t.same(apartFromLine(await store.find(unknown)), { token: undefined, version: 1 })
  })

  t.test(
    'finds a token whose digest was made with a previous key, and not under the id of another',
    async (t) => {
      const store = (await newDatabase(t)).open()
      const { token, digests } = await addToken(store)
      const [digest] = digests
      const [other] = keyRing.digests(mintToken('personal', keyRing).text)
      t.same((await store.find([{ ...other, keyId: 'k2' }, digest])).token, token)
      t.equal((await store.find([{ ...digest, keyId: 'k2' }])).token, undefined)
      t.equal((await store.find([{ ...digest, value: digest.value.slice(1) }])).token, undefined)
    },
  )

  t.test('asks the database once for a look-up, and says so', async (t) => {
    const asked: string[] = []
    const store = (await newDatabase(t)).open({ onQuery: (operation) => asked.push(operation) })
    const { digests } = await addToken(store)
    asked.length = 0
    await Promise.all([store.find(digests), store.find(digests), store.ping()])
    t.same(asked.toSorted(), ['find', 'find', 'ping'])
  })

  for (const [table, column] of [
    ['tokens', 'kind'],
    ['tokens', 'access'],
    ['subjects', 'kind'],
    ['subjects', 'status'],
  ]) {
    t.test(`a word in ${table}.${column} that nobody knows is never taken for a known one`, async (t) => {
      const database = await newDatabase(t)
      const store = database.open()
      const { token, digests } = await addToken(store)
      await database.execute(`UPDATE ${table} SET ${column} = 'any'`)
      await t.rejects(store.find(digests), { name: 'Error', message: /unreadable value/ })
      await t.rejects(store.showToken(token.id), { name: 'Error', message: /unreadable value/ })
    })
  }

  t.test('neither text nor digest is in anything that the store returns', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token, text, digests } = await addToken(store)
    const all: TokenFilter = { state: 'all', now: start, limit: 10 }
    const { keyId, ...reading } = await store.find(digests)
    t.equal(keyId, 'k1', 'the name of a key, which is no secret, comes with the reading and nowhere else')
    const returned = [
      token,
      reading,
      await store.showToken(token.id),
      await store.listTokens(all),
      await store.revokeToken(token.id, revocation),
      await store.changesAfter(0, 10),
    ]
    const printed = inspect(returned, { depth: 9 }) + JSON.stringify(returned)
    const value = Buffer.from(digests[0].value, 'base64url')
    const hidden = [text.reveal(), digests[0].value, value.toString('hex'), value.toString('base64')]
    for (const one of hidden) t.notOk(printed.includes(one))
    t.notOk(/digest|key_?id|sealed/i.test(printed))
  })

  t.test('a digest is recorded once, and the error for the second does not quote it', async (t) => {
    const store = (await newDatabase(t)).open()
    const { digests } = await addToken(store)
    const error = await addToken(store, { digest: digests[0] }).catch((thrown: unknown) => thrown)
    t.type(error, Error)
    t.notOk(error instanceof StoreUnavailable, 'a constraint is no outage')
    const value = Buffer.from(digests[0].value, 'base64url')
    t.notOk(inspect(error, { depth: 9 }).includes(value.toString('hex')))
  })

  t.test('a closed store cannot tell', async (t) => {
    const store = (await newDatabase(t)).open()
    const { digests } = await addToken(store)
    await store.close()
    await store.close()
    await t.rejects(store.find(digests), { name: 'StoreUnavailable' })
    await t.rejects(store.ping(), { name: 'StoreUnavailable' })
    await t.rejects(store.revokeToken(newRecordId(clock), revocation), { name: 'StoreUnavailable' })
  })
}
