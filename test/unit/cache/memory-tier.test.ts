/**
 * The memory tier: what it answers by itself, for how long, and what a change takes from it.
 * @module
 */

import t from 'tap'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import { aToken, digestsOf } from './held-store.ts'
import { buildTiers, graceMs, leaseMs, ttlMs } from './tiers.ts'

t.test('recalls what was found, without asking the store again', async (t) => {
  const { store, feed, memory, seen } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  t.equal(memory.recall(digests[0].value), undefined)
  const reading = await memory.find(digests)
  t.equal(memory.recall(digests[0].value), reading)
  t.equal(await memory.find(digests), reading)
  t.equal(store.finds, 1)
  t.same(seen, ['memory miss', 'memory hit', 'memory hit'])
})

t.test('recalls nothing once the lease has run out, and goes to the store', async (t) => {
  const { store, feed, memory, advance } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  advance(leaseMs)
  t.equal(memory.recall(digests[0].value), undefined)
  await memory.find(digests)
  t.equal(store.finds, 2)
})

t.test('recalls nothing beyond its lifetime, which is up to a tenth shorter than told', async (t) => {
  const { store, feed, memory, advance } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  advance(ttlMs * 0.95 - 1)
  await feed.poll()
  t.ok(memory.recall(digests[0].value))
  advance(1)
  t.equal(memory.recall(digests[0].value), undefined)
})

t.test('remembers «no such token» briefly, and for a bounded number of credentials', async (t) => {
  const { store, feed, memory, advance } = buildTiers()
  await feed.poll()
  for (const id of ['x', 'x', 'y', 'z']) t.equal((await memory.find(digestsOf(id))).token, undefined)
  t.equal(store.finds, 3)
  await memory.find(digestsOf('x'))
  t.equal(store.finds, 4, 'the oldest made room')
  advance(1_000)
  store.add(aToken('x'))
  t.equal((await memory.find(digestsOf('x'))).token?.id, 'x')
})

t.test('never remembers a failure', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.isDown = true
  await t.rejects(memory.find(digests), StoreUnavailable)
  store.isDown = false
  t.equal((await memory.find(digests)).token?.id, 'a')
})

t.test('with no entries allowed it holds nothing, and still asks once at a time', async (t) => {
  const { store, feed, memory } = buildTiers({ entries: 0 })
  const digests = store.add(aToken('a'))
  await feed.poll()
  await Promise.all([memory.find(digests), memory.find(digests)])
  t.equal(store.finds, 1)
  t.equal(memory.recall(digests[0].value), undefined)
  await memory.find(digestsOf('x'))
  await memory.find(digestsOf('x'))
  t.equal(store.finds, 3)
})

t.test(
  'a change of a token drops its entry, a change of a subject the entries of all its tokens',
  async (t) => {
    const { store, feed, memory } = buildTiers()
    const [a, b, c] = [aToken('a', 's'), aToken('b', 's'), aToken('c')].map((token) => store.add(token))
    if (!a || !b || !c) throw new Error('three tokens')
    await feed.poll()
    for (const digests of [a, b, c]) await memory.find(digests)
    store.revoke('a')
    await feed.poll()
    t.same(
      [a, b, c].map(([{ value }]) => memory.recall(value)?.token?.id),
      [undefined, 'b', 'c'],
    )
    t.type((await memory.find(a)).token?.revokedAt, 'number')
    store.disableSubject('s')
    await feed.poll()
    t.same(
      [a, b, c].map(([{ value }]) => memory.recall(value)?.token?.id),
      [undefined, undefined, 'c'],
    )
    t.equal((await memory.find(b)).token?.subject.status, 'disabled')
  },
)

t.test('a record read after the change stays, although the feed brings the change later', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.revoke('a')
  await memory.find(digests)
  await feed.poll()
  t.ok(memory.recall(digests[0].value)?.token?.revokedAt)
})

t.test('a fill that a revocation overtakes is read again, for whoever waits for it', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  store.holds = true
  const early = memory.find(digests)
  store.holds = false
  store.revoke('a')
  await feed.poll()
  const late = memory.find(digests)
  store.release()
  t.ok((await early).token?.revokedAt)
  t.ok((await late).token?.revokedAt)
  t.equal(store.finds, 2)
})

t.test(
  'a question that hangs is not joined after a lease, and its late answer replaces nothing',
  async (t) => {
    const { store, feed, memory, advance } = buildTiers()
    const digests = store.add(aToken('a'))
    await feed.poll()
    store.holds = true
    const early = memory.find(digests)
    store.holds = false
    advance(leaseMs)
    store.revoke('a')
    t.ok((await memory.find(digests)).token?.revokedAt)
    store.release()
    await early
    store.isDown = true
    t.ok((await memory.find(digests)).token?.revokedAt)
  },
)

t.test('a record that changes each time it is read ends in «unavailable»', async (t) => {
  const { store, feed, memory } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  const find = store.find.bind(store)
  store.find = async (wanted) => {
    const reading = await find(wanted)
    store.revoke('a')
    await feed.poll()
    return reading
  }
  await t.rejects(memory.find(digests), StoreUnavailable)
  t.equal(store.finds, 3)
  t.equal(memory.size, 0)
})

t.test(
  'while the store does not answer, known tokens are served for the grace and unknown ones refused',
  async (t) => {
    const { store, feed, memory, seen, live } = buildTiers()
    const known = store.add(aToken('a'))
    const unknown = store.add(aToken('b'))
    await feed.poll()
    await memory.find(known)
    store.isDown = true
    await feed.poll()
    await live(ttlMs)
    const asked = store.finds
    t.equal((await memory.find(known)).token?.id, 'a')
    t.equal(seen.at(-1), 'memory stale')
    t.equal(memory.recall(known[0].value), undefined, 'never without asking for it')
    await t.rejects(memory.find(unknown), StoreUnavailable)
    t.equal(store.finds, asked, 'the store is left alone')
    await live(graceMs - ttlMs)
    await t.rejects(memory.find(known), StoreUnavailable)
  },
)

t.test('a store that fails before any poll noticed is bridged too', async (t) => {
  const { store, feed, memory, advance } = buildTiers()
  const known = store.add(aToken('a'))
  await feed.poll()
  await memory.find(known)
  advance(leaseMs)
  store.isDown = true
  t.equal((await memory.find(known)).token?.id, 'a')
})

t.test('who stood still during an outage has no grace until the store answers again', async (t) => {
  const { store, feed, memory, advance, live } = buildTiers()
  const known = store.add(aToken('a'))
  await feed.poll()
  await memory.find(known)
  store.isDown = true
  await live(2_000)
  t.equal((await memory.find(known)).token?.id, 'a')
  advance(5_000)
  await t.rejects(memory.find(known), StoreUnavailable, 'the store may have been up meanwhile')
  await live(2_000)
  await t.rejects(memory.find(known), StoreUnavailable, 'nor does asking in vain bring the grace back')
  store.isDown = false
  await feed.poll()
  store.isDown = true
  await live(2_000)
  t.equal((await memory.find(known)).token?.id, 'a')
})

t.test('who stood still during a poll does not take that for an outage of the store', async (t) => {
  const { store, feed, memory, told, advance } = buildTiers()
  const known = store.add(aToken('a'))
  await feed.poll()
  await memory.find(known)
  store.revoke('a')
  store.isDown = true
  const polled = feed.poll()
  advance(5_000)
  t.equal(await polled, false)
  t.same(told, [])
  store.isDown = false
  t.ok((await memory.find(known)).token?.revokedAt, 'the store is asked')
})

t.test('five thousand tokens that came together do not go together', async (t) => {
  // A sequence that is spread evenly, and the same in every run.
  let drawn = 0
  const random = () => (++drawn * 0.618033988749895) % 1
  const { store, feed, memory, live } = buildTiers({ entries: 10_000, random })
  const all = Array.from({ length: 5_000 }, (_, id) => store.add(aToken(`t${id}`, 'one')))
  await feed.poll()
  for (const digests of all) await memory.find(digests)
  t.equal(store.finds, 5_000)
  // They go in the last tenth of their lifetime, looked at here in ten steps.
  const perStep: number[] = []
  await live(ttlMs * 0.9)
  for (let step = 0; step < 12; step++) {
    const before = store.finds
    for (const digests of all) await memory.find(digests)
    perStep.push(store.finds - before)
    await live(ttlMs / 100)
  }
  t.comment(`queries in each hundredth of a lifetime: ${perStep.join(' ')}`)
  t.equal(store.finds, 10_000, 'each is read once more')
  t.ok(Math.max(...perStep) < 5_000 / 9, 'a tenth of them at once, and not all')
})

t.test('after an outage the changes are taken in before anything is trusted again', async (t) => {
  const { store, feed, memory, advance } = buildTiers()
  const digests = store.add(aToken('a'))
  await feed.poll()
  await memory.find(digests)
  store.isDown = true
  await feed.poll()
  advance(5_000)
  store.revoke('a')
  store.isDown = false
  await feed.poll()
  t.equal(memory.recall(digests[0].value), undefined)
  t.ok((await memory.find(digests)).token?.revokedAt)
})
