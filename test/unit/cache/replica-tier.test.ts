/**
 * Look-ups by way of a read replica: what it may be behind with is asked of the store, and nothing else is.
 * @module
 */

import t from 'tap'
import { aToken, digestsOf } from './held-store.ts'
import { buildTiers, leaseMs } from './tiers.ts'

/** One token, «a», that the replica has as well, and a memory that keeps nothing. */
async function newScene() {
  const tiers = buildTiers({ entries: 0, hasReplica: true })
  const digests = tiers.store.add(aToken('a', 's'))
  tiers.replica.follow(tiers.store.capture())
  await tiers.feed.poll()
  /** Who was asked, and what came of it. */
  const find = async (asked = digests) => {
    const finds = tiers.store.finds
    const { token } = await tiers.memory.find(asked)
    return { by: tiers.store.finds === finds ? 'replica' : 'store', seen: tiers.seen.at(-1), token }
  }
  return { ...tiers, digests, find }
}

t.test('a replica that has all changes answers, and the store is not asked', async (t) => {
  const { find } = await newScene()
  t.match(await find(), { by: 'replica', seen: 'replica hit', token: { id: 'a' } })
})

t.test('a replica that is behind answers for what has not changed since, for nothing else', async (t) => {
  const { store, feed, find } = await newScene()
  store.add(aToken('b', 'other'))
  store.revoke('b')
  await feed.poll()
  t.match(await find(), { by: 'replica', seen: 'replica hit' }, 'another token has changed')
  store.revoke('a')
  await feed.poll()
  t.match(await find(), { by: 'store', seen: 'replica miss', token: { revokedAt: 1 } })
})

t.test('a change of its subject counts as one of the token', async (t) => {
  const { store, feed, find } = await newScene()
  store.disableSubject('s')
  await feed.poll()
  t.match(await find(), { by: 'store', token: { subject: { status: 'disabled' } } })
})

t.test('what a replica does not have is asked of the store, before it counts as absent', async (t) => {
  const { store, find } = await newScene()
  const issued = store.add(aToken('just-issued'))
  t.match(await find(issued), { by: 'store', seen: 'replica miss', token: { id: 'just-issued' } })
  t.match(await find(digestsOf('unknown')), { by: 'store', token: undefined })
})

t.test('a replica that is ahead of the feed is not believed until the feed has come so far', async (t) => {
  const { store, replica, feed, find } = await newScene()
  store.revoke('a')
  replica.follow(store.capture())
  t.match(await find(), { by: 'store', seen: 'replica miss' })
  await feed.poll()
  t.match(await find(), { by: 'replica', token: { revokedAt: 1 } })
})

t.test('a replica of another server is rejected, whatever version it shows', async (t) => {
  const { store, replica, feed, find } = await newScene()
  replica.follow({ ...store.capture(), line: 'another database' })
  t.match(await find(), { by: 'store', seen: 'replica rejected', token: { id: 'a' } })
  store.failOver(store.capture())
  await feed.poll()
  replica.follow({ ...store.capture(), line: undefined })
  t.match(await find(), { by: 'store', seen: 'replica rejected' }, 'of the one that was lost')
  replica.follow(store.capture())
  t.match(await find(), { by: 'replica' })
})

t.test('a replica that is behind what the feed remembers is not believed', async (t) => {
  const { store, replica, feed, find } = await newScene()
  const before = store.capture()
  store.add(aToken('b', 'other'))
  store.revoke('b')
  store.failOver(store.capture())
  await feed.poll()
  replica.follow({ ...before, line: store.line })
  t.match(await find(), { by: 'store', seen: 'replica miss' })
})

t.test(
  'it is asked only while the feed is fresh, and believed only if that is so when it answers',
  async (t) => {
    const { replica, store, feed, find, memory, digests, seen, advance } = await newScene()
    advance(leaseMs)
    await find()
    t.same(
      seen.filter((lookup) => lookup.startsWith('replica')),
      [],
    )
    await feed.poll()
    replica.holds = true
    const finds = store.finds
    const slow = memory.find(digests)
    advance(leaseMs)
    replica.release()
    t.equal((await slow).token?.id, 'a')
    t.equal(store.finds, finds + 1)
    t.equal(seen.at(-1), 'replica miss')
  },
)

t.test('a change that commits while the replica is asked is not overlooked', async (t) => {
  const { replica, store, feed, memory, digests } = await newScene()
  replica.holds = true
  const slow = memory.find(digests)
  store.revoke('a')
  await feed.poll()
  replica.release()
  t.equal((await slow).token?.revokedAt, 1)
})

t.test('a replica that fails is no error of the look-up', async (t) => {
  const { replica, find } = await newScene()
  replica.isDown = true
  t.match(await find(), { by: 'store', seen: 'replica error', token: { id: 'a' } })
})

t.test('a replica alone decides nothing when the store has been away for a lease', async (t) => {
  const { store, feed, memory, digests, advance } = await newScene()
  store.isDown = true
  advance(leaseMs)
  await feed.poll()
  await t.rejects(memory.find(digests), { name: 'StoreUnavailable' })
})

t.test('a hundred look-ups may wait for it; the next one asks the store', async (t) => {
  const { store, replica, memory } = await newScene()
  const all = Array.from({ length: 101 }, (_, index) => store.add(aToken(`t${index}`)))
  replica.follow(store.capture())
  replica.holds = true
  const waiting = all.map((digests) => memory.find(digests))
  await waiting.at(-1)
  t.equal(store.finds, 1)
  replica.release()
  await Promise.all(waiting)
  t.equal(store.finds, 1)
})
