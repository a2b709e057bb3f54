/**
 * What the memory tier makes of another key ring: what it knows serves on, what it took for unknown is asked for
 * again, what is under a key that is gone is forgotten, and a revocation finds an entry wherever it went.
 * @module
 */

import t from 'tap'
import type { Digests } from '../../../src/tokens/ports.ts'
import { aToken, digestsOf } from './held-store.ts'
import { buildTiers, leaseMs } from './tiers.ts'

/** What presenting the token `id` comes to under a ring of these keys. `k1` is the key that the store has it under. */
function digestsUnder(id: string, [current, ...others]: readonly [string, ...string[]]): Digests {
  const digest = (keyId: string) =>
    keyId === 'k1' ? digestsOf(id)[0] : { keyId, value: `digest-of-${id}-under-${keyId}` }
  return [digest(current), ...others.map(digest)]
}

const rotated = ['k2', 'k1'] as const

t.test('an entry of the former key serves under the current one, and the store is not asked', async (t) => {
  const { store, feed, memory, seen } = buildTiers()
  await feed.poll()
  const reading = await memory.find(store.add(aToken('a')))
  memory.ringChanged(new Set(rotated))
  const digests = digestsUnder('a', rotated)
  t.equal(memory.recall(digests[0].value), undefined)
  t.equal(await memory.find(digests), reading)
  t.equal(memory.recall(digests[0].value), reading)
  t.equal(memory.size, 1, 'it is not kept twice')
  t.equal(store.finds, 1)
  t.same(seen, ['memory miss', 'memory hit', 'memory hit'])
})

t.test('known tokens go on through an outage of the store in which the ring is rotated', async (t) => {
  const { store, feed, memory, advance } = buildTiers()
  await feed.poll()
  const reading = await memory.find(store.add(aToken('a')))
  store.isDown = true
  advance(leaseMs)
  await feed.poll()
  memory.ringChanged(new Set(rotated))
  t.equal(await memory.find(digestsUnder('a', rotated)), reading)
})

t.test('a revocation drops an entry that was brought forward', async (t) => {
  const { store, feed, memory } = buildTiers()
  await feed.poll()
  await memory.find(store.add(aToken('a', 's')))
  memory.ringChanged(new Set(rotated))
  const digests = digestsUnder('a', rotated)
  await memory.find(digests)
  store.revoke('a')
  await feed.poll()
  t.equal(memory.recall(digests[0].value), undefined)
  t.equal((await memory.find(digests)).token?.revokedAt, 1)
  store.disableSubject('s')
  await feed.poll()
  t.equal(memory.recall(digests[0].value), undefined)
})

t.test('a revocation drops an entry that still lies under the former key', async (t) => {
  const { store, feed, memory } = buildTiers()
  await feed.poll()
  await memory.find(store.add(aToken('a')))
  memory.ringChanged(new Set(rotated))
  store.revoke('a')
  await feed.poll()
  t.equal((await memory.find(digestsUnder('a', rotated))).token?.revokedAt, 1)
})

t.test('«no such token» is forgotten, for it may be under the new key', async (t) => {
  const { store, feed, memory } = buildTiers()
  await feed.poll()
  const before = digestsUnder('a', ['k2'])
  t.equal((await memory.find(before)).token, undefined)
  store.add(aToken('a'))
  t.equal((await memory.find(before)).token, undefined)
  memory.ringChanged(new Set(['k2', 'k1']))
  t.equal((await memory.find(digestsUnder('a', ['k2', 'k1']))).token?.id, 'a')
})

t.test('an answer to the former ring is not remembered', async (t) => {
  const { store, feed, memory } = buildTiers()
  await feed.poll()
  store.add(aToken('a'))
  store.holds = true
  const before = memory.find(digestsUnder('a', ['k2']))
  memory.ringChanged(new Set(['k2', 'k1']))
  store.release()
  t.equal((await before).token, undefined)
  t.equal((await memory.find(digestsUnder('a', ['k2', 'k1']))).token?.id, 'a')
})

t.test('a question to the former ring is not joined', async (t) => {
  const { store, feed, memory } = buildTiers()
  await feed.poll()
  store.add(aToken('a'))
  store.holds = true
  const before = memory.find(digestsUnder('a', ['k2']))
  memory.ringChanged(new Set(['k2', 'k1']))
  const after = memory.find(digestsUnder('a', ['k2', 'k1']))
  store.release()
  t.equal((await before).token, undefined)
  t.equal((await after).token?.id, 'a')
})

t.test('what is under a key that is gone is forgotten, whichever key it was asked for with', async (t) => {
  const { store, feed, memory } = buildTiers()
  await feed.poll()
  store.add(aToken('a'))
  store.add(aToken('b'))
  const digests = digestsUnder('a', rotated)
  await memory.find(digests)
  store.holds = true
  const late = memory.find(digestsUnder('b', rotated))
  memory.ringChanged(new Set(['k2']))
  t.equal(memory.recall(digests[0].value), undefined)
  store.release()
  await late
  for (const id of ['a', 'b']) {
    t.equal(memory.recall(digestsUnder(id, ['k2'])[0].value), undefined)
    t.equal((await memory.find(digestsUnder(id, ['k2']))).token, undefined)
  }
  t.equal(memory.size, 0)
})
