/**
 * The change feed: how long its news may be trusted, and what it can tell of a record's version.
 * @module
 */

import t from 'tap'
import { ChangeFeed } from '../../../src/tokens/cache/change-feed.ts'
import type { TokenChange } from '../../../src/tokens/ports.ts'
import { aToken } from './held-store.ts'
import { buildTiers, leaseMs } from './tiers.ts'

t.test('is not fresh before the first poll, and vouches for nothing', async (t) => {
  const { feed } = buildTiers()
  t.equal(feed.isFresh(), false)
  t.equal(feed.isCurrent({ version: 1_000 }, 'token', 'subject'), false)
})

t.test('is fresh for one lease from the start of the poll, not from its end', async (t) => {
  const { feed, store, advance } = buildTiers()
  store.holds = true
  const polled = feed.poll()
  advance(500)
  store.release()
  await polled
  advance(leaseMs - 501)
  t.equal(feed.isFresh(), true)
  advance(1)
  t.equal(feed.isFresh(), false)
})

t.test('never has two polls under way', async (t) => {
  const { feed, store } = buildTiers()
  store.holds = true
  const both = [feed.poll(), feed.poll()]
  t.equal(store.polls, 1)
  store.release()
  await Promise.all(both)
})

t.test('tells of failure once, and of recovery with its length', async (t) => {
  const { feed, store, told, advance } = buildTiers()
  await feed.poll()
  store.isDown = true
  await feed.poll()
  advance(300)
  await feed.poll()
  t.equal(feed.isFailing, true)
  store.isDown = false
  advance(200)
  await feed.poll()
  t.equal(feed.isFailing, false)
  t.same(told, ['failing', 'recovered after 500'])
})

t.test('a poll that never ends fails at its deadline, and the next one follows', async (t) => {
  let questions = 0
  const feed = new ChangeFeed({
    source: {
      readClock: () => (++questions === 1 ? new Promise(() => {}) : Promise.resolve({ version: 7 })),
      changesAfter: async () => [],
    },
    pollIntervalMs: 20,
    leaseMs: 60,
    retentionMs: 1_000,
    monotonic: () => performance.now(),
    failing: () => {},
    recovered: () => {},
  })
  const keepAlive = setInterval(() => {}, 1_000)
  await feed.start()
  t.equal(feed.isFailing, true)
  while (feed.isFailing) await new Promise((resolve) => setTimeout(resolve, 5))
  await feed.stop()
  clearInterval(keepAlive)
  t.equal(feed.version, 7)
})

t.test('fetches a backlog that is longer than one batch within one poll', async (t) => {
  const { feed, store } = buildTiers()
  store.add(aToken('a'))
  await feed.poll()
  const taken: TokenChange[] = []
  feed.follow({ changed: (changes) => taken.push(...changes), reset() {} })
  for (let change = 0; change < 2_500; change++) store.revoke('a')
  await feed.poll()
  t.equal(feed.version, 2_500)
  t.same(
    taken.map(({ version }) => version),
    Array.from({ length: 2_500 }, (_, index) => index + 1),
  )
})

t.test('a record read before a change of its token or of its subject is not current', async (t) => {
  const { feed, store } = buildTiers()
  store.add(aToken('a', 's'))
  await feed.poll()
  store.revoke('a')
  store.disableSubject('s')
  await feed.poll()
  t.equal(feed.isCurrent({ version: 0 }, 'a', 'other'), false)
  t.equal(feed.isCurrent({ version: 1 }, 'a', 'other'), true)
  t.equal(feed.isCurrent({ version: 1 }, 'other', 's'), false)
  t.equal(feed.isCurrent({ version: 2 }, 'a', 's'), true)
  t.equal(feed.isCurrent({ version: 0 }, 'other', 'other'), true)
})

t.test('a version from before the feed began is not current: changes may have been missed', async (t) => {
  const { feed, store } = buildTiers()
  store.add(aToken('a'))
  store.revoke('a')
  await feed.poll()
  t.equal(feed.isCurrent({ version: 0 }, 'other', 'other'), false)
  t.equal(feed.isCurrent({ version: 1 }, 'other', 'other'), true)
})

t.test('a change that is forgotten outdates every version before it', async (t) => {
  const { feed, store, advance } = buildTiers({ retentionMs: 1_000 })
  store.add(aToken('a'))
  await feed.poll()
  store.revoke('a')
  await feed.poll()
  t.equal(feed.isCurrent({ version: 0 }, 'other', 'other'), true)
  advance(1_000)
  await feed.poll()
  t.equal(feed.isCurrent({ version: 0 }, 'other', 'other'), false)
  t.equal(feed.isCurrent({ version: 1 }, 'a', 'other'), true)
})

t.test('a clock that goes back empties memory and begins anew', async (t) => {
  const { feed, store, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.revoke('a')
  await feed.poll()
  await memory.find(digests)
  store.restore(0, aToken('a'))
  await feed.poll()
  t.equal(feed.version, 0)
  t.equal(memory.size, 0)
  store.revoke('a')
  await feed.poll()
  t.equal(feed.isCurrent({ version: 0 }, 'a', 'other'), false)
})

t.test(
  'a fail-over that lost changes and has caught up by the next poll empties memory all the same',
  async (t) => {
    const { feed, store, memory } = buildTiers()
    const victim = store.add(aToken('victim'))
    store.add(aToken('other'))
    await feed.poll()
    const standby = store.capture()
    store.revoke('other')
    await feed.poll()
    await memory.find(victim)
    const resets: boolean[] = []
    feed.follow({ changed() {}, reset: (isNewLine) => resets.push(isNewLine) })
    store.failOver(standby)
    store.revoke('victim')
    await feed.poll()
    t.equal(feed.version, 1, 'the version that was seen before the fail-over')
    t.same(resets, [true])
    t.type((await memory.find(victim)).token?.revokedAt, 'number')
  },
)

t.test('a record that was read on a lost line holds no longer, whatever its version', async (t) => {
  const { feed, store } = buildTiers()
  store.add(aToken('victim'))
  const standby = store.capture()
  store.add(aToken('other'))
  store.revoke('other')
  await feed.poll()
  const before = { version: 1, ...(feed.line !== undefined && { line: feed.line }) }
  t.equal(feed.isCurrent(before, 'victim', 'subject'), true)
  store.failOver(standby)
  store.revoke('victim')
  await feed.poll()
  t.equal(feed.isCurrent(before, 'victim', 'subject'), false)
  t.equal(feed.isCurrent({ version: 1, line: 'promotion 1' }, 'victim', 'subject'), true)
})

t.test('a record from a server that the feed has yet to meet is taken once it has', async (t) => {
  const { feed, store, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.failOver(store.capture())
  t.equal((await memory.find(digests)).token?.id, 'a')
  t.equal(feed.line, 'promotion 1')
  t.equal(memory.recall(digests[0].value)?.line, 'promotion 1')
})

t.test('changes that were pruned before it saw them cost it all that it vouched for', async (t) => {
  const { feed, store } = buildTiers()
  const resets: (number | undefined)[] = []
  await feed.poll()
  feed.follow({ changed() {}, reset: () => resets.push(feed.version) })
  store.add(aToken('a'))
  store.revoke('a')
  store.revoke('a')
  store.prune(1)
  await feed.poll()
  t.same(resets, [2])
  t.equal(
    feed.isCurrent({ version: 1 }, 'b', 'subject'),
    false,
    'the change that is missing may have been of «b»',
  )
  t.equal(feed.isCurrent({ version: 2 }, 'b', 'subject'), true)

  store.revoke('a')
  store.prune(3)
  await feed.poll()
  t.same(resets, [2, 3], 'also when nothing is left to see')
  store.revoke('a')
  await feed.poll()
  t.same(resets, [2, 3])
  t.equal(feed.version, 4)
})
