/**
 * The Redis tier on a real Redis: it saves look-ups in the store, is believed only as far as the seal and the change
 * feed go, and its failure costs time and nothing else.
 * @module
 */

import { Redis } from 'ioredis'
import t from 'tap'
import type { Scope } from '../../support/private-server.ts'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { aToken, HeldStore } from '../../unit/cache/held-store.ts'
import { keyRing, startReplica } from './replica.ts'

const server = await startRedis()
t.teardown(() => server.stop())
const attacker = new Redis(server.url)
t.teardown(() => attacker.disconnect())
t.beforeEach(() => attacker.flushall())

const keyOf = (id: string) => `sallyport:token:digest-of-${id}`

/** Two tokens in the store, the first also in Redis, and a replica that has neither in memory. */
async function withEntryInRedis(t: Scope) {
  const store = new HeldStore()
  const [a, b] = [store.add(aToken('a')), store.add(aToken('b'))]
  const first = await startReplica(t, { store, redisUrl: server.url })
  await first.directory.find(a)
  await until(() => attacker.exists(keyOf('a')))
  const replica = await startReplica(t, { store, redisUrl: server.url })
  store.finds = 0
  return { store, a, b, replica }
}

t.test('one replica finds what another one has looked up, and then recalls it from memory', async (t) => {
  const { store, a, replica } = await withEntryInRedis(t)
  t.equal((await replica.directory.find(a)).token?.id, 'a')
  t.equal((await replica.directory.find(a)).token?.id, 'a')
  t.ok(replica.directory.recall(a[0].value))
  t.equal(store.finds, 0)
  t.equal(replica.count('redis hit'), 1)
  t.equal(replica.count('memory hit'), 2)
})

t.test('neither the record nor its names are readable in Redis, and the entry ends by itself', async (t) => {
  await withEntryInRedis(t)
  const sealed = await attacker.getBuffer(keyOf('a'))
  t.notMatch(sealed?.toString('latin1'), /subject|personal|pip/)
  const ttlMs = await attacker.pttl(keyOf('a'))
  t.ok(ttlMs > 260_000 && ttlMs <= 300_000, `${ttlMs} ms`)
})

t.test('«no such token» is never kept in Redis', async (t) => {
  const { replica } = await withEntryInRedis(t)
  t.equal((await replica.directory.find([{ keyId: 'k1', value: 'unknown' }])).token, undefined)
  t.same(await attacker.keys('*token:*'), [keyOf('a')])
})

const forgeries: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['an entry moved to another credential', () => attacker.copy(keyOf('a'), keyOf('b'))],
  [
    'an entry in clear',
    () => attacker.set(keyOf('b'), JSON.stringify({ token: aToken('b'), version: 0, until: 9e15 })),
  ],
  ['random bytes', () => attacker.set(keyOf('b'), Buffer.alloc(200, 1))],
  ['an entry that is too large', () => attacker.set(keyOf('b'), Buffer.alloc(2049, 1))],
  [
    'a well-sealed entry of an unknown kind',
    () => {
      const token = { ...aToken('b'), kind: 'root' }
      const [storedAt, until] = [Date.now(), Date.now() + 1000]
      const text = JSON.stringify({ token, version: 0, line: null, keyId: 'k1', storedAt, until })
      return attacker.set(keyOf('b'), keyRing.seal(text, keyOf('b')))
    },
  ],
]
for (const [forgery, place] of forgeries) {
  t.test(`${forgery} is rejected, and the store decides`, async (t) => {
    const { store, b, replica } = await withEntryInRedis(t)
    await place()
    t.equal((await replica.directory.find(b)).token?.id, 'b')
    t.equal(replica.count('redis rejected'), 1)
    t.equal(store.finds, 1)
  })
}

t.test('a key of another type counts as an error, and the store decides', async (t) => {
  const { b, replica } = await withEntryInRedis(t)
  await attacker.lpush(keyOf('b'), 'x')
  t.equal((await replica.directory.find(b)).token?.id, 'b')
  t.equal(replica.count('redis error'), 1)
})

t.test('an old entry put back after a revocation is not believed, by new replicas neither', async (t) => {
  const { store, a, replica } = await withEntryInRedis(t)
  const old = await attacker.getBuffer(keyOf('a'))
  const version = store.revoke('a')
  await until(() => replica.directory.status().version === version)
  await attacker.set(keyOf('a'), old ?? '')
  t.ok((await replica.directory.find(a)).token?.revokedAt)
  await attacker.set(keyOf('a'), old ?? '')
  const newcomer = await startReplica(t, { store, redisUrl: server.url })
  t.ok((await newcomer.directory.find(a)).token?.revokedAt)
  t.equal(newcomer.count('redis hit'), 0)
})

t.test(
  'an entry under a key that the ring has lost is not believed, whatever it was cached by',
  async (t) => {
    const { store, a, replica } = await withEntryInRedis(t)
    const current = { keyId: 'k2', value: 'digest-of-a-under-k2' }
    await attacker.flushall()
    t.equal((await replica.directory.find([current, ...a])).token?.id, 'a')
    await until(() => attacker.exists('sallyport:token:digest-of-a-under-k2'))
    const other = await startReplica(t, { store, redisUrl: server.url })
    t.equal((await other.directory.find([current])).token, undefined)
    t.equal(other.count('redis hit'), 0)
    t.equal((await other.directory.find([current, ...a])).token, undefined, '«absent» is remembered')
    other.directory.ringChanged(new Set(['k2', 'k1']))
    t.equal((await other.directory.find([current, ...a])).token?.id, 'a')
    t.equal(other.count('redis hit'), 1)
  },
)

t.test('an entry past its time is not believed, even if somebody made Redis keep it', async (t) => {
  const store = new HeldStore()
  const a = store.add(aToken('a'))
  const replica = await startReplica(t, { store, redisUrl: server.url, redisTtl: '300ms', memoryEntries: 0 })
  await replica.directory.find(a)
  await until(() => attacker.persist(keyOf('a')))
  t.equal((await replica.directory.find(a)).token?.id, 'a')
  t.equal(store.finds, 1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await replica.directory.find(a)
  t.equal(store.finds, 2)
})

t.test('a thousand requests for one cold credential ask each tier once', async (t) => {
  const { store, b, replica } = await withEntryInRedis(t)
  const readings = await Promise.all(Array.from({ length: 1_000 }, () => replica.directory.find(b)))
  t.equal(new Set(readings).size, 1)
  t.equal(replica.count('redis miss'), 1)
  t.equal(store.finds, 1)
})

t.test(
  'while the store does not answer, Redis goes on serving what it knows, and refuses the rest',
  async (t) => {
    const { store, a, b, replica } = await withEntryInRedis(t)
    store.isDown = true
    await until(() => replica.directory.status().feed === 'outage')
    t.equal((await replica.directory.find(a)).token?.id, 'a')
    t.equal(replica.count('redis stale'), 1)
    t.equal((await replica.directory.find(a)).token?.id, 'a')
    t.equal(replica.count('memory stale'), 1)
    await t.rejects(replica.directory.find(b), { name: 'StoreUnavailable' })
    t.equal(store.finds, 0, 'the store is left alone')
    store.isDown = false
    await until(() => replica.directory.status().feed === 'fresh')
    t.equal((await replica.directory.find(b)).token?.id, 'b')
  },
)

t.test('without grace an outage refuses at once what only Redis knows', async (t) => {
  const { store, a } = await withEntryInRedis(t)
  const strict = await startReplica(t, { store, redisUrl: server.url, outageGraceMs: 0 })
  store.isDown = true
  await until(() => strict.directory.status().feed === 'outage')
  t.equal(strict.directory.status().canDecide, false)
  await t.rejects(strict.directory.find(a), { name: 'StoreUnavailable' })
})
