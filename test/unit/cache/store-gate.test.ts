/**
 * Nobody waits for a store that is known not to answer, those included who asked before it was known.
 * @module
 */

import t from 'tap'
import { aToken } from './held-store.ts'
import { buildTiers } from './tiers.ts'

t.test('a look-up under way fails when the feed begins to', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.holds = true
  const waiting = memory.find(digests)
  store.isDown = true
  await feed.poll()
  await t.rejects(waiting, { name: 'StoreUnavailable' })
})

t.test('a known token whose lease ran out just before is served when the feed begins to fail', async (t) => {
  const { store, feed, memory, seen, advance } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  advance(1_000)
  store.holds = true
  const waiting = memory.find(digests)
  store.isDown = true
  await feed.poll()
  t.equal((await waiting).token?.id, 'a')
  t.equal(seen.at(-1), 'memory stale')
})

t.test('look-ups are answered again once the feed has recovered, and late answers harm nobody', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.holds = true
  const waiting = memory.find(digests)
  store.isDown = true
  await feed.poll()
  await t.rejects(waiting)
  store.isDown = false
  store.release()
  await feed.poll()
  t.equal((await memory.find(digests)).token?.id, 'a')
})

t.test(
  'a thousand look-ups may wait; one more fails at once, and a known token is not kept waiting',
  async (t) => {
    const { store, feed, memory } = buildTiers()
    const known = store.add(aToken('known'))
    await feed.poll()
    await memory.find(known)
    store.holds = true
    const waiting = Array.from({ length: 1_000 }, (_, index) =>
      memory.find(store.add(aToken(`held-${index}`))),
    )
    await t.rejects(memory.find(store.add(aToken('one-more'))), { name: 'StoreUnavailable' })
    t.equal((await memory.find(known)).token?.id, 'known')
    store.holds = false
    store.release()
    await Promise.all(waiting)
    t.equal((await memory.find(store.add(aToken('afterwards')))).token?.id, 'afterwards')
  },
)
