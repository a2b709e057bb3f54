/**
 * What every token store guarantees, whatever it is made of. Each adapter's test file runs all of it on the
 * real thing.
 * @module
 */

import { inspect } from 'node:util'
import type { Test } from 'tap'
import { issueToken } from '../../../src/tokens/issue-token.ts'
import { parseKeyRing } from '../../../src/tokens/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/key-ring-text.ts'
import { mintToken } from '../../../src/tokens/mint-token.ts'
import type { NewToken, TokenFilter, TokenStore } from '../../../src/tokens/ports.ts'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import type { StoreOptions } from '../../../src/tokens/store-options.ts'
import { type Token, tokenState } from '../../../src/tokens/token.ts'

/** A new, migrated, empty database. */
export interface Database {
  /** Opens one more store on it, closed when the test is over. */
  open(options?: StoreOptions): TokenStore
  /** Runs SQL past the store, and past its constraints. */
  execute(sql: string): Promise<void>
}

export type NewDatabase = (t: Test) => Promise<Database>

const start = Date.UTC(2026, 0, 31)
const revocation = { at: start + 5, by: 'root', cause: 'leaked' }
export const keyRing = parseKeyRing(newKeyRing({ now: () => start }).reveal())
export const clock = { now: () => start }

/** All that a test holds of a token that it issued. */
export interface IssuedHere {
  readonly token: Token
  readonly text: ReturnType<typeof mintToken>['text']
  readonly digests: ReturnType<typeof keyRing.digests>
}

/** Adds a token past `issueToken`, for states that it would not produce. */
export async function addToken(store: TokenStore, change: Partial<NewToken> = {}): Promise<IssuedHere> {
  const name = 'test:tester'
  const subject =
    (await store.findSubject(name)) ??
    (await store.addSubject({ id: newRecordId(clock), name, kind: 'user', createdAt: start }))
  const { text, digest } = mintToken('personal', keyRing)
  const token = await store.addToken({
    id: newRecordId(clock),
    digest,
    kind: 'personal',
    subjectId: subject?.id ?? '',
    scopes: [],
    bindings: {},
    access: 'read-only',
    networks: undefined,
    paths: undefined,
    description: '',
    createdAt: start,
    createdBy: 'root',
    expiresAt: undefined,
    ...change,
  })
  return { token, text, digests: keyRing.digests(text) }
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testTokenStore(t: Test, newDatabase: NewDatabase): void {
  testFinding(t, newDatabase)
  testChanges(t, newDatabase)
  testRegistry(t, newDatabase)
}

function testFinding(t: Test, newDatabase: NewDatabase): void {
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
    t.same(await store.find(digests), { token, version: 0 })
    t.same(await store.showToken(token.id), token)
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
    await store.setSubjectStatus('test:tester', 'disabled')
    t.equal(await stateOf(active), 'subject-disabled')
    await database.execute("UPDATE subjects SET status = 'deleted'")
    t.equal(await stateOf(active), 'subject-deleted')
  })

  t.test('reports the version of the change clock also when there is no such token', async (t) => {
    const store = (await newDatabase(t)).open()
    const unknown = keyRing.digests(mintToken('personal', keyRing).text)
    t.same(await store.find(unknown), { token: undefined, version: 0 })
    const { token } = await addToken(store)
    await store.revokeToken(token.id, revocation)
    t.same(await store.find(unknown), { token: undefined, version: 1 })
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
    const returned = [
      token,
      await store.find(digests),
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

function testChanges(t: Test, newDatabase: NewDatabase): void {
  t.test('a revocation is irreversible, and the second one says so', async (t) => {
    const store = (await newDatabase(t)).open()
    const { token, digests } = await addToken(store)
    const first = await store.revokeToken(token.id, revocation)
    t.equal(first.outcome, 'revoked')
    t.match(first.token, { revokedAt: start + 5, revokedBy: 'root', revokedCause: 'leaked' })

    const second = await store.revokeToken(token.id, { at: start + 9, by: 'eve', cause: 'again' })
    t.same(second, { outcome: 'already', token: first.token })
    t.same(await store.find(digests), { token: first.token, version: 1 }, 'the clock moved once')
    t.same(await store.revokeToken(newRecordId(clock), revocation), { outcome: 'unknown' })
    t.same(await store.revokeToken('no id', revocation), { outcome: 'unknown' })
    t.equal(await store.currentVersion(), 1)
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
    t.equal(await database.open().currentVersion(), 1)
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
        while (!isOver || seen.length < (await follower.currentVersion())) {
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
      t.match(await store.setSubjectStatus('test:tester', 'active'), { status: 'active' })
      t.equal(await store.currentVersion(), 0)
      t.match(await store.setSubjectStatus('test:tester', 'disabled'), { status: 'disabled' })
      t.match(await store.find(digests), { token: { subject: { status: 'disabled' } }, version: 1 })
      await store.setSubjectStatus('test:tester', 'disabled')
      await store.setSubjectStatus('test:tester', 'active')
      t.match(await store.find(digests), { token: { subject: { status: 'active' } }, version: 2 })
      const subjectId = token.subject.id
      t.same(await store.changesAfter(0, 10), [
        { version: 1, tokenId: undefined, subjectId },
        { version: 2, tokenId: undefined, subjectId },
      ])
      t.equal(await store.setSubjectStatus('nobody', 'disabled'), undefined)
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

  t.test('an aborted caller is let go with the reason', async (t) => {
    const store = (await newDatabase(t)).open()
    const reason = new Error('shutting down')
    await t.rejects(store.currentVersion(AbortSignal.abort(reason)), reason)
    await t.rejects(store.changesAfter(0, 1, AbortSignal.abort(reason)), reason)
  })
}

function testRegistry(t: Test, newDatabase: NewDatabase): void {
  t.test('a name is one subject until that is deleted', async (t) => {
    const database = await newDatabase(t)
    const store = database.open()
    const add = () =>
      store.addSubject({ id: newRecordId(clock), name: 'pip', kind: 'project', createdAt: start })
    const added = await Promise.all([add(), add(), add()])
    const [first, ...others] = added.filter((subject) => subject !== undefined)
    t.equal(others.length, 0)
    t.match(first, { name: 'pip', kind: 'project', status: 'active' })
    t.same(await store.findSubject('pip'), first)

    await database.execute("UPDATE subjects SET status = 'deleted'")
    t.equal(await store.findSubject('pip'), undefined)
    t.equal(await store.setSubjectStatus('pip', 'active'), undefined, 'a deleted subject does not come back')
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
  })

  t.test('lists by state, kind and subject', async (t) => {
    const store = (await newDatabase(t)).open()
    const pip = await store.addSubject({
      id: newRecordId(clock),
      name: 'pip',
      kind: 'project',
      createdAt: start,
    })
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
    await store.setSubjectStatus('pip', 'disabled')
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
    const request = { kind: 'build', subject: 'pip', subjectKind: 'project', createdBy: 'root' } as const
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
    const request = { kind: 'personal', subject: 'pip', createdBy: 'root' } as const
    const issued = await Promise.all([issueToken(issuer, request), issueToken(issuer, request)])
    t.equal(issued.filter((one) => one.outcome === 'issued' && one.isNewSubject).length, 1)
    await store.setSubjectStatus('pip', 'disabled')
    t.same(await issueToken(issuer, request), {
      outcome: 'refused',
      problems: ['subject «pip» is disabled'],
    })
    t.equal((await store.listTokens({ state: 'all', now: start, limit: 10 })).length, 2)
  })
}
