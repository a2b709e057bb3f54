/**
 * The client for commands in a cluster keeps its promises node by node.
 * @module
 */

import t from 'tap'
import { RedisClient, type RedisState } from '../../../src/redis/redis-client.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { until } from '../../support/until.ts'

const cluster = await startRedisCluster(t, { nodeTimeoutMs: 4_000 })
const servers = { cluster: { ...cluster.settings, followers: 0 } }
const states: RedisState[] = []
const client = new RedisClient({ servers, timeoutMs: 300, stateChanged: (state) => states.push(state) })
t.teardown(() => client.close())
await client.connect()

/** A key on each of two nodes. */
const holder = await cluster.holderOf('a')
let other = ''
for (let each = 0; other === ''; each++) {
  if ((await cluster.holderOf(`b${each}`)) !== holder) other = `b${each}`
}

t.test('a key is found wherever its slot is, also right after it has moved', async (t) => {
  await client.write('moving', Buffer.from('value'), 60_000)
  const target = (await cluster.masters()).find((node) => node.port !== holder.port)
  if (target === undefined) throw new Error('there is one master only')
  for (const to of [target, holder, target]) {
    await cluster.moveSlot('moving', to)
    t.equal(String(await client.read('moving', 100)), 'value')
  }
})

t.test('a frozen node is asked three times and no more, while others are asked on', async (t) => {
  await client.write(other, Buffer.from('value'), 60_000)
  await client.write('a', Buffer.from('value'), 60_000)
  holder.freeze()
  try {
    const failures: unknown[] = []
    for (let each = 0; each < 4; each++) {
      await client.read('a', 100).catch((error: Error) => failures.push(error.message))
      t.equal(String(await client.read(other, 100)), 'value')
    }
    t.equal(failures.length, 4)
    t.match(failures.at(-1), /circuit breaker is open/, `not sent; before: ${failures}`)
    t.equal(client.state, 'down')
    await until(async () => (await cluster.holderOf('a')) !== holder, 30_000)
    await until(
      () =>
        client.write('a', Buffer.from('value'), 60_000).then(
          () => true,
          () => false,
        ),
      30_000,
    )
    await until(() => client.state === 'up', 30_000)
    t.same(states, ['up', 'down', 'up'])
  } finally {
    holder.thaw()
  }
})

t.test('without any node every command is refused, and the cluster is found again', async (t) => {
  for (const node of cluster.nodes) node.freeze()
  try {
    await t.rejects(client.read('a', 100))
    await t.rejects(client.read(other, 100))
  } finally {
    for (const node of cluster.nodes) node.thaw()
  }
  await until(
    () =>
      client.read(other, 100).then(
        () => true,
        () => false,
      ),
    30_000,
  )
})
