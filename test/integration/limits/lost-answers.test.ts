/**
 * Replicas add to one count while commands and answers get lost and Redis forgets: in the end the count is what was
 * counted, neither more nor less.
 * @module
 */

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import t from 'tap'
import { CountSharing } from '../../../src/limits/count-sharing.ts'
import { SharedCounts } from '../../../src/limits/shared-counts.ts'
import { usedOf, WindowCounts } from '../../../src/limits/window-counts.ts'
import { sharedRedisUrl } from '../../support/redis.ts'

const redis = new Redis(sharedRedisUrl())
t.teardown(() => redis.disconnect())
const clock = { now: () => 28_333_334 * 60_000 }

type Fate = 'answered' | 'lost' | 'unanswered'

interface Replica {
  fate: Fate
  count(key: string): void
  used(key: string): number
  /** Keys that wait for Redis. */
  waiting(): number
  share(): Promise<void>
  close(): Promise<void>
}

function newReplica(prefix: string, keysMax = 100): Replica {
  const suffer = async (command: () => Promise<unknown>) => {
    if (replica.fate === 'lost') throw new Error('lost')
    const answer = await command()
    if (replica.fate === 'unanswered') throw new Error('unanswered')
    return answer
  }
  const shared = new SharedCounts({
    replica: randomUUID(),
    prefix,
    hash: (text) => Buffer.from(text.reveal()).toString('base64url'),
    client: {
      run: (script, key, values) => suffer(() => redis.eval(script, 1, key, ...values)),
      runOnSlot: (script, keys, values) => suffer(() => redis.eval(script, keys.length, ...keys, ...values)),
    },
  })
  const sharing = new CountSharing({ shared, clock })
  const counts = new WindowCounts({
    ...{ id: 'x', label: 'x', perMs: 60_000, keysMax },
    onCounted: (use) => sharing.note(use),
    onForgotten: (use) => sharing.forget(use),
  })
  const replica: Replica = {
    fate: 'answered',
    count: (key) => void counts.count(counts.useOf(key, clock.now())),
    used: (key) => usedOf(counts.useOf(key, clock.now())),
    waiting: () => sharing.size,
    share: () => sharing.share(),
    close: () => sharing.close(),
  }
  return replica
}

const steps = fc.array(
  fc.record({
    who: fc.nat({ max: 2 }),
    key: fc.constantFrom('a', 'b'),
    times: fc.nat({ max: 5 }),
    fate: fc.constantFrom<Fate>('answered', 'lost', 'unanswered'),
  }),
  { maxLength: 25 },
)

t.test('every use counts once, whatever becomes of commands and answers', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const prefix = `test:${randomUUID()}:`
      const replicas = [newReplica(prefix), newReplica(prefix), newReplica(prefix)]
      const model = new Map([
        ['a', 0],
        ['b', 0],
      ])
      for (const { who, key, times, fate } of taken) {
        const replica = replicas[who] as Replica
        for (let each = 0; each < times; each++) replica.count(key)
        model.set(key, (model.get(key) ?? 0) + times)
        replica.fate = fate
        await replica.share()
        // Nobody ever knows of more than there was.
        if (replica.used(key) > (model.get(key) ?? 0)) return false
      }
      for (const replica of replicas) {
        replica.fate = 'answered'
        // What was counted while an answer was missing goes with the round after it.
        await replica.share()
        await replica.close()
      }
      const late = newReplica(prefix)
      for (const key of model.keys()) late.count(key)
      await late.close()
      return [...model].every(([key, count]) => late.used(key) === count + 1)
    }),
    { numRuns: 60 },
  )
})

t.test('a Redis that has forgotten is told again by whoever counts', async (t) => {
  const prefix = `test:${randomUUID()}:`
  const [one, other] = [newReplica(prefix), newReplica(prefix)]
  for (let each = 0; each < 7; each++) one.count('a')
  await one.share()
  other.count('a')
  await other.share()
  t.equal(other.used('a'), 8)
  for (const key of await redis.keys(`${prefix}*`)) await redis.del(key)
  one.count('a')
  await one.share()
  other.count('a')
  await other.close()
  one.count('a')
  await one.close()
  t.equal(one.used('a'), 10, 'of 11: what one had not yet heard of is lost with Redis')
})

t.test('what waits for Redis is bounded by the keys in memory', async (t) => {
  const replica = newReplica(`test:${randomUUID()}:`, 1_000)
  replica.fate = 'lost'
  for (let address = 0; address < 20_000; address++) replica.count(`address ${address}`)
  t.equal(replica.waiting(), 1_000)
  await replica.share()
  t.equal(replica.waiting(), 1_000)
  t.equal(replica.used('address 19999'), 1)
  replica.fate = 'answered'
  await replica.close()
  t.equal(replica.used('address 0'), 0, 'it was forgotten')
})
