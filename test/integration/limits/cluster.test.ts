/**
 * Counts in a Redis Cluster: those that one script adds to are in one slot, whichever node holds it.
 * @module
 */

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { CountSharing } from '../../../src/limits/count-sharing.ts'
import { SharedCounts } from '../../../src/limits/shared-counts.ts'
import { usedOf, WindowCounts } from '../../../src/limits/window-counts.ts'
import { RedisClient } from '../../../src/redis/redis-client.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { until } from '../../support/until.ts'

const cluster = await startRedisCluster(t)
const clock = { now: () => 28_333_334 * 60_000 }
const ring = parseKeyRing(newKeyRing(clock).reveal())

async function newReplica() {
  const servers = { cluster: { ...cluster.settings, followers: 0 } }
  const client = new RedisClient({ servers, timeoutMs: 2_000, stateChanged: () => {} })
  t.teardown(() => client.close())
  await client.connect()
  const hash: ConstructorParameters<typeof SharedCounts>[0]['hash'] = (text) => ring.digest(text).value
  const shared = new SharedCounts({ replica: randomUUID(), prefix: 'test:', hash, client })
  const sharing = new CountSharing({ shared, clock })
  const counts = new WindowCounts({
    ...{ id: 'x', label: 'x', perMs: 60_000, keysMax: 10_000 },
    onCounted: (use) => sharing.note(use),
  })
  return { sharing, shared, useOf: (key: number) => counts.useOf(String(key), clock.now()), counts }
}

t.test('two replicas know of each other by way of every node', async (t) => {
  const [one, other] = [await newReplica(), await newReplica()]
  for (let key = 0; key < 2_000; key++) one.counts.count(one.useOf(key))
  // Connections to single nodes are made when they are first needed; a round that comes too early is made up for.
  await until(() => one.sharing.share().then(() => one.sharing.size === 0))
  for (let key = 0; key < 2_000; key++) other.counts.count(other.useOf(key))
  await until(() => other.sharing.share().then(() => other.sharing.size === 0))
  const used = Array.from({ length: 2_000 }, (_, key) => usedOf(other.useOf(key)))
  t.strictSame(new Set(used), new Set([2]))
  t.equal(await one.shared.take(one.useOf(7), 3, clock.now()), true)
  t.equal(await other.shared.take(other.useOf(7), 3, clock.now()), false)
  await one.sharing.close()
})
