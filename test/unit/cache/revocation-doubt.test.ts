/**
 * A replica in doubt: it has heard that something changed, or might not hear of it. Nothing it holds is used until the
 * store has told of every change up to the question.
 * @module
 */

import t from 'tap'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import { aToken } from './held-store.ts'
import { buildTiers } from './tiers.ts'

t.test('after a notice nothing is recalled until the changes have been fetched', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  store.holds = true
  const heeded = feed.heed()
  t.equal(memory.recall(digests[0].value), undefined)
  store.release()
  t.equal(await heeded, true)
  t.equal(memory.recall(digests[0].value)?.token?.id, 'a')
  t.equal(store.finds, 1)
})

t.test('a fetch that was under way when the notice came does not end the doubt', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  store.holds = true
  const underWay = feed.poll()
  store.revoke('a')
  const heeded = feed.heed()
  store.release()
  await underWay
  t.equal(memory.recall(digests[0].value), undefined)
  await heeded
  t.ok((await memory.find(digests)).token?.revokedAt)
})

t.test('requests that come during the doubt share one fetch and no look-up', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  const polls = store.polls
  void feed.heed()
  const found = await Promise.all(Array.from({ length: 100 }, () => memory.find(digests)))
  t.ok(found.every(({ token }) => token?.id === 'a'))
  t.equal(store.finds, 1)
  t.ok(store.polls <= polls + 2, `${store.polls - polls} fetches`)
})

t.test('a notice ends the grace of an outage: others can reach the store', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  store.isDown = true
  await feed.poll()
  t.equal((await memory.find(digests)).token?.id, 'a')
  t.equal(await feed.heed(), false)
  await t.rejects(memory.find(digests), StoreUnavailable)
  store.isDown = false
  await feed.poll()
  t.equal((await memory.find(digests)).token?.id, 'a')
})

t.test(
  'without attention each answer from memory follows a fetch that began after the question',
  async (t) => {
    const { store, feed, memory, seen, advance } = buildTiers({ attentiveMs: 500 })
    const digests = store.add(aToken('a'))
    await feed.poll()
    await memory.find(digests)
    advance(499)
    t.ok(memory.recall(digests[0].value))
    advance(1)
    t.equal(memory.recall(digests[0].value), undefined)
    t.equal((await memory.find(digests)).token?.id, 'a')
    t.equal(seen.at(-1), 'memory hit')
    store.revoke('a')
    t.ok((await memory.find(digests)).token?.revokedAt, 'although the feed would still be fresh')
  },
)

t.test('without attention an answer that was read before the question is read again', async (t) => {
  const { store, feed, memory, advance } = buildTiers({ attentiveMs: 500 })
  const digests = store.add(aToken('a'))
  await feed.poll()
  advance(500)
  await feed.poll()
  const find = store.find.bind(store)
  const held = Promise.withResolvers<void>()
  store.find = async (wanted) => {
    const reading = await find(wanted)
    store.find = find
    await held.promise
    return reading
  }
  const early = memory.find(digests)
  await new Promise(setImmediate)
  store.revoke('a')
  const late = memory.find(digests)
  await new Promise(setImmediate)
  held.resolve()
  t.ok((await late).token?.revokedAt)
  await early
})

t.test('without attention there is no grace', async (t) => {
  const { store, feed, memory, advance } = buildTiers({ attentiveMs: 500 })
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  store.isDown = true
  await feed.poll()
  t.equal((await memory.find(digests)).token?.id, 'a')
  advance(500)
  await t.rejects(memory.find(digests), StoreUnavailable)
})
