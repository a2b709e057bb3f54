/**
 * What every token store guarantees of the logins that subjects have at upstreams.
 * @module
 */

import type { Test } from 'tap'
import { verifyTrail } from '../../../src/audit/verify-trail.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { ChangeFeed } from '../../../src/tokens/cache/change-feed.ts'
import { LoginMemory } from '../../../src/tokens/cache/login-memory.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import type { SealedLogin } from '../../../src/tokens/upstream-logins/login-record.ts'
import { openLogin, sealLogin } from '../../../src/tokens/upstream-logins/sealed-login.ts'
import type { UpstreamSession } from '../../../src/tokens/upstream-logins/upstream-login.ts'
import { UpstreamLogins } from '../../../src/tokens/upstream-logins/upstream-logins.ts'
import { act, entriesOf } from './audit-scene.ts'
import { addToken, clock, keyRing, type NewDatabase, start } from './contract-database.ts'

const upstream = 'swift'

async function addSubject(store: TokenStore, name = 'test:tester'): Promise<string> {
  const id = newRecordId(clock)
  await store.addSubject({ id, name, kind: 'user' }, act)
  return id
}

function login(subjectId: string, change: Partial<SealedLogin> = {}): SealedLogin {
  return { subjectId, upstream, keyId: 'k1', sealed: Buffer.from('sealed'), updatedAt: start, ...change }
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testLogins(t: Test, newDatabase: NewDatabase): void {
  t.test('keeps one login for each subject and upstream, as it was written', async (t) => {
    const store = (await newDatabase(t)).open()
    const subjectId = await addSubject(store)
    t.equal(await store.logins.read(subjectId, upstream), undefined)
    const sealed = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const first = await store.logins.write(login(subjectId, { sealed }))
    t.same(await store.logins.read(subjectId, upstream), { ...login(subjectId, { sealed }), revision: first })
    const second = await store.logins.write(login(subjectId, { keyId: 'k2', updatedAt: start + 1 }))
    t.match(await store.logins.read(subjectId, upstream), { keyId: 'k2', revision: second })
    await store.logins.write(login(subjectId, { upstream: 'other' }))
    t.same(await store.logins.list([subjectId, newRecordId(clock)]), [
      { subjectId, upstream: 'other', updatedAt: start },
      { subjectId, upstream, updatedAt: start + 1 },
    ])
    t.same(await store.logins.list([]), [])
  })

  t.test('neither replaces nor removes what somebody else has written meanwhile', async (t) => {
    const database = await newDatabase(t)
    const [one, two] = [database.open(), database.open()]
    const subjectId = await addSubject(one)
    const revision = (await one.logins.write(login(subjectId))) ?? ''
    const written = await Promise.all(
      [one, two, one, two].map((store, n) =>
        store.logins.write(login(subjectId, { keyId: `k${n}` }), { replacing: revision }),
      ),
    )
    t.equal(written.filter((each) => each !== undefined).length, 1, 'of several at once one is the first')
    const winner = written.findIndex((each) => each !== undefined)
    t.match(await two.logins.read(subjectId, upstream), { keyId: `k${winner}`, revision: written[winner] })

    t.equal(await two.logins.remove(subjectId, upstream, act, { revision }), false)
    t.equal(await two.logins.remove(subjectId, upstream, act, { revision: written[winner] ?? '' }), true)
    t.equal(await one.logins.write(login(subjectId), { replacing: written[winner] ?? '' }), undefined)
    await one.logins.write(login(subjectId))
    t.equal(
      await two.logins.remove(subjectId, upstream, act, { revision: written[winner] ?? '' }),
      false,
      'no revision comes back',
    )
    t.equal(await two.logins.remove(subjectId, upstream, act), true)
    t.equal(await two.logins.remove(subjectId, upstream, act), false)
  })

  t.test('a login by hand and every removal are changes of the subject, a renewal is none', async (t) => {
    const store = (await newDatabase(t)).open()
    const subjectId = await addSubject(store)
    const revision = (await store.logins.write(login(subjectId))) ?? ''
    await store.logins.write(login(subjectId), { replacing: revision })
    await store.logins.remove(subjectId, upstream, act, { revision })
    await store.logins.remove(subjectId, 'other', act)
    t.equal((await store.readClock()).version, 0)
    await store.logins.write(login(subjectId), { announced: true })
    await store.logins.remove(subjectId, upstream, act)
    t.match(await store.changesAfter(0, 9), [
      { version: 1, subjectId },
      { version: 2, subjectId },
    ])
  })

  t.test(
    'who keeps a login where there was none, and who removes one, is recorded; a renewal is not',
    async (t) => {
      const database = await newDatabase(t)
      const store = database.open()
      const subjectId = await addSubject(store)
      const { seq } = await store.audit.head()
      t.equal(
        await store.logins.write(login(subjectId), { renewing: true, act }),
        undefined,
        'nothing to renew',
      )
      const kept = await store.logins.write(login(subjectId), { act })
      const renewed = await store.logins.write(login(subjectId, { keyId: 'k2' }), { renewing: true })
      t.match(await store.logins.read(subjectId, upstream), { keyId: 'k2', revision: renewed })
      t.equal(
        await store.logins.write(login(subjectId), { replacing: kept ?? '', act }),
        undefined,
        'too late',
      )
      await store.logins.write(login(subjectId), { announced: true, act })
      t.equal(await store.logins.remove(subjectId, upstream, act, { revision: renewed ?? '' }), false)
      await store.logins.remove(subjectId, upstream, act)
      await store.logins.remove(subjectId, upstream, act)
      const refused = (await store.logins.write(login(subjectId))) ?? ''
      await store.logins.remove(subjectId, upstream, act, { revision: refused, refused: true })
      const about = { ...act, subjectId, tokenId: null, details: { upstream } }
      t.match(
        (await entriesOf(store)).filter((entry) => entry.seq > seq),
        ['login_kept', 'login_kept', 'login_removed', 'login_refused'].map((deed) => ({ ...about, deed })),
      )
      t.equal((await store.audit.head()).seq, seq + 4)
      t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
    },
  )

  t.test('a login whose entry cannot be written is neither kept nor removed', async (t) => {
    const database = await newDatabase(t)
    const [store, reader] = [database.open(), database.open({ sealer: undefined } as object)]
    const subjectId = await addSubject(store)
    const message = /without a key ring/
    await t.rejects(reader.logins.write(login(subjectId), { act }), { message })
    t.equal(await store.logins.read(subjectId, upstream), undefined)
    const revision = await store.logins.write(login(subjectId))
    await t.rejects(reader.logins.write(login(subjectId), { announced: true, act }), { message })
    await t.rejects(reader.logins.remove(subjectId, upstream, act), { message })
    t.match(await store.logins.read(subjectId, upstream), { revision })
    t.equal((await store.readClock()).version, 0)
  })

  t.test('deleting a subject removes its logins, and none can be written afterwards', async (t) => {
    const store = (await newDatabase(t)).open()
    const [gone, stays] = [await addSubject(store), await addSubject(store, 'other')]
    const revision = (await store.logins.write(login(gone))) ?? ''
    await store.logins.write(login(stays))
    await store.setSubjectStatus('test:tester', 'disabled', act)
    t.ok(await store.logins.read(gone, upstream), 'a disabled subject may come back')
    await store.setSubjectStatus('test:tester', 'deleted', act)
    t.equal(await store.logins.read(gone, upstream), undefined)
    t.equal(await store.logins.write(login(gone)), undefined)
    t.equal(await store.logins.write(login(gone), { replacing: revision }), undefined)
    t.same(await store.logins.list([gone, stays]), [{ subjectId: stays, upstream, updatedAt: start }])
    t.equal(await store.logins.write(login(newRecordId(clock))), undefined, 'a subject that never was')
  })

  t.test('a login that is written while its subject is deleted does not stay', async (t) => {
    const database = await newDatabase(t)
    const [one, two] = [database.open(), database.open()]
    for (let round = 0; round < 20; round++) {
      const name = `round ${round}`
      const subjectId = await addSubject(one, name)
      await Promise.all([
        two.logins.write(login(subjectId)),
        one.setSubjectStatus(name, 'deleted', act),
        two.logins.write(login(subjectId), { announced: true }),
      ])
      t.same(await one.logins.list([subjectId]), [], name)
    }
  })

  t.test('counts and lists logins under each key of the ring', async (t) => {
    const store = (await newDatabase(t)).open()
    await addToken(store)
    const ids = [await addSubject(store, 'a'), await addSubject(store, 'b')]
    for (const id of ids)
      for (const at of ['one', 'two']) await store.logins.write(login(id, { upstream: at }))
    await store.logins.write(login(ids[0] ?? '', { upstream: 'three', keyId: 'k0' }))
    t.same(await store.countByKey(start), [
      { keyId: 'k0', tokens: 0, hasSystemToken: false, logins: 1 },
      { keyId: 'k1', tokens: 1, hasSystemToken: false, logins: 4 },
    ])
    const listed: string[] = []
    for (let page = await store.logins.listUnder('k1', 3); page.length > 0; ) {
      listed.push(...page.map(({ subjectId, upstream }) => `${subjectId} ${upstream}`))
      page = await store.logins.listUnder('k1', 3, page.at(-1))
    }
    t.same(
      listed,
      ids.flatMap((id) => [`${id} one`, `${id} two`]),
    )
    t.same(await store.logins.listUnder('k9', 3), [])
  })

  t.test('no row shows a secret, and one that was copied to another place opens nothing', async (t) => {
    const store = (await newDatabase(t)).open()
    const [alice, mallory] = [await addSubject(store, 'alice'), await addSubject(store, 'mallory')]
    const session = { token: new Secret('AUTH_tk42'), expiresAt: start + 1, storageUrl: 'http://a/v1/AUTH_a' }
    const known = { user: 'alice', key: new Secret('opensesame'), session }
    await store.logins.write(sealLogin(keyRing, { subjectId: alice, upstream }, known, start))
    const stored = await store.logins.read(alice, upstream)
    if (stored === undefined) throw new Error('nothing was written')
    const row = `${stored.sealed.toString('latin1')}${JSON.stringify(stored)}`
    for (const secret of ['opensesame', 'AUTH_tk42', 'AUTH_a']) t.notMatch(row, secret)
    t.match(openLogin(keyRing, stored)?.key.reveal(), 'opensesame')

    for (const place of [
      { subjectId: mallory, upstream },
      { subjectId: alice, upstream: 'evil' },
    ]) {
      await store.logins.write({ ...stored, ...place })
      const copy = await store.logins.read(place.subjectId, place.upstream)
      t.same(copy?.sealed, stored.sealed)
      t.equal(copy && openLogin(keyRing, copy), undefined)
    }
  })

  t.test('what one replica has renewed, the other takes without asking the upstream', async (t) => {
    const database = await newDatabase(t)
    const asked: string[] = []
    const replica = (name: string) =>
      new UpstreamLogins({
        upstream,
        record: database.open().logins,
        memory: new LoginMemory(10),
        sealer: keyRing,
        logIn: async ({ user, key }) => {
          asked.push(`${name} ${user} ${key.reveal()}`)
          return newSession(`from ${name}, ${asked.length}`)
        },
        timeoutMs: 10_000,
        origin: 'gateway:host2',
        clock,
        random: () => 0.5,
        log: { info: () => {}, warn: () => t.fail('nothing is wrong') },
      })
    const [one, two] = [replica('one'), replica('two')]
    const subjectId = await addSubject(database.open())
    t.equal(await one.obtain(subjectId), undefined)
    await one.keep(subjectId, { user: 'u', key: new Secret('k'), session: newSession('first') })
    t.equal((await two.obtain(subjectId))?.token.reveal(), 'first')
    const renewed = await one.obtain(subjectId, new Secret('first'))
    t.equal(renewed?.token.reveal(), 'from one, 1')
    t.equal((await two.obtain(subjectId, new Secret('first')))?.token.reveal(), 'from one, 1')
    t.equal(two.recall(subjectId)?.token.reveal(), 'from one, 1')
    t.same(asked, ['one u k'])
  })

  t.test('a replica that follows the changes drops a session whose login is removed elsewhere', async (t) => {
    const database = await newDatabase(t)
    const [store, elsewhere] = [database.open(), database.open()]
    const memory = new LoginMemory(10)
    const feed = newFeed(store)
    t.teardown(() => feed.stop())
    feed.follow(memory)
    await feed.start()
    const ids = [await addSubject(store, 'a'), await addSubject(store, 'b'), await addSubject(store, 'c')]
    const [removed = '', replaced = '', other = ''] = ids
    for (const id of ids) {
      await store.logins.write(login(id))
      await memory.receive(id, async (hold) => hold({ session: newSession(id), refreshAt: start }))
    }
    await elsewhere.logins.remove(removed, upstream, act)
    await elsewhere.logins.write(login(replaced), { announced: true })
    await feed.poll()
    t.equal(memory.recall(removed), undefined)
    t.equal(memory.recall(replaced), undefined)
    t.ok(memory.recall(other))
  })
}

/** Fetches the changes of a store when the test polls. */
function newFeed(store: TokenStore): ChangeFeed {
  return new ChangeFeed({
    source: store,
    pollIntervalMs: 60_000,
    leaseMs: 120_000,
    retentionMs: 120_000,
    monotonic: () => performance.now(),
    failing: () => {},
    recovered: () => {},
  })
}

function newSession(token: string): UpstreamSession {
  return { token: new Secret(token), expiresAt: start + 3_600_000, storageUrl: undefined }
}
