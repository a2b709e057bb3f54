/**
 * Redis killed, frozen and locked: requests are decided by the store without waiting, no password is logged, and
 * Redis is used again once it is back.
 * @module
 */

import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { aToken, digestsOf, HeldStore } from '../../unit/cache/held-store.ts'
import { type Replica, startReplica } from './replica.ts'

const password = 'a-password-that-must-not-be-logged'
const server = await startRedis({ args: ['--requirepass', password] })
t.teardown(() => server.stop())
const withPassword = server.url.replace('redis://', `redis://:${password}@`)

function manyTokens(): HeldStore {
  const store = new HeldStore()
  for (let id = 0; id < 2_000; id++) store.add(aToken(String(id)))
  return store
}

/** Milliseconds that each of `ids` takes, one after the other. */
async function timeEach({ directory }: Replica, from: number, count: number): Promise<number[]> {
  const times: number[] = []
  for (let id = from; id < from + count; id++) {
    const startedAt = performance.now()
    const { token } = await directory.find(digestsOf(String(id)))
    if (token?.id !== String(id)) throw new Error(`token ${id} was not found`)
    times.push(performance.now() - startedAt)
  }
  return times
}

for (const [how, fail, mend] of [
  ['killed', () => server.kill(), () => server.restart()],
  ['frozen', async () => server.freeze(), async () => server.thaw()],
] as const) {
  t.test(`with Redis ${how} the store decides, and Redis is used again when it is back`, async (t) => {
    const replica = await startReplica(t, { store: manyTokens(), redisUrl: withPassword })
    t.equal(replica.directory.status().redis, 'up')
    await fail()
    t.teardown(mend)
    const times = await timeEach(replica, 0, 500)
    // Without the breaker all would wait for a frozen Redis. A machine that is busy holds some up by itself.
    const waited = times.filter((ms) => ms > 20).length
    t.ok(waited < 50, `${waited} of 500 waited`)
    t.equal(replica.count('store hit'), 500)
    t.equal(replica.directory.status().redis, 'down')
    t.equal(replica.directory.status().canDecide, true)
    await mend()
    let id = 500
    await until(async () => {
      await timeEach(replica, id++, 1)
      return replica.count('redis miss') > 0
    })
    await until(() => replica.directory.status().redis === 'up')
    t.notMatch(replica.logged.join(), password)
    t.ok(replica.logged.length <= 8, 'told of changes, not of requests')
  })
}

t.test('a wrong password is told by its code, without the password', async (t) => {
  const replica = await startReplica(t, {
    store: manyTokens(),
    redisUrl: server.url.replace('redis://', 'redis://:another-secret@'),
  })
  await until(() => replica.logged.length > 0)
  t.match(replica.logged[0], 'WRONGPASS')
  t.notMatch(replica.logged.join(), 'another-secret')
  await timeEach(replica, 0, 10)
  t.equal(replica.count('store hit'), 10)
})

t.test('a Redis that comes up after the gateway is used from then on', async (t) => {
  await server.kill()
  const replica = await startReplica(t, { store: manyTokens(), redisUrl: withPassword })
  t.equal(replica.directory.status().redis, 'down')
  await server.restart()
  await until(() => replica.directory.status().redis === 'up')
  let id = 0
  await until(async () => {
    await timeEach(replica, id++, 1)
    return replica.count('redis miss') > 0
  })
  const redis = new Redis(withPassword)
  t.teardown(() => redis.disconnect())
  await until(() => redis.dbsize())
})
