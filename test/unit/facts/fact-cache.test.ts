/**
 * A fact is asked once within its time, by many at a time too; a failure and an answer to what has changed since are
 * remembered by nobody.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { FactCache } from '../../../src/facts/fact-cache.ts'

function newCache(ttlMs = 100) {
  const clock = { now: 0 }
  return { clock, facts: new FactCache<number>({ ttlMs, resourcesMax: 10, monotonic: () => clock.now }) }
}

t.test('many ask one question', async (t) => {
  const { facts, clock } = newCache()
  let asked = 0
  const ask = async () => ++asked
  t.strictSame(await Promise.all([1, 2, 3].map(() => facts.find('r', 'a', ask))), [1, 1, 1])
  t.equal(facts.find('r', 'a', ask), 1, 'at once')
  t.equal(await facts.find('r', 'b', ask), 2, 'another asker has another fact')
  t.equal(await facts.find('s', 'a', ask), 3, 'so has another resource')
  clock.now = 100
  t.equal(await facts.find('r', 'a', ask), 4, 'until its time is over')
})

t.test('a failure is remembered by nobody', async (t) => {
  const { facts } = newCache()
  const failing = () => Promise.reject(new Error('silent'))
  const both = await Promise.allSettled([facts.find('r', 'a', failing), facts.find('r', 'a', failing)])
  t.ok(both.every(({ status }) => status === 'rejected'))
  t.equal(await facts.find('r', 'a', async () => 7), 7)
})

t.test('an answer that was on its way when the resource changed is not kept', async (t) => {
  const { facts } = newCache()
  const slow = Promise.withResolvers<number>()
  const before = facts.find('r', 'a', () => slow.promise)
  facts.drop('r')
  const after = facts.find('r', 'a', async () => 2)
  slow.resolve(1)
  t.equal(await before, 1)
  t.equal(await after, 2, 'nor is it waited for')
  t.equal(await facts.find('r', 'a', async () => 3), 2)
})

t.test('time runs from the question, not from the answer', async (t) => {
  const { facts, clock } = newCache()
  await facts.find('r', 'a', async () => {
    clock.now = 99
    return 1
  })
  t.equal(
    facts.find('r', 'a', async () => 2),
    1,
  )
  clock.now = 100
  t.equal(await facts.find('r', 'a', async () => 2), 2)
})

const resource = fc.constantFrom('r', 's')
const step = fc.oneof(
  fc.record({ act: fc.constant('find' as const), of: resource }),
  fc.record({ act: fc.constant('drop' as const), of: resource }),
  fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 80 }) }),
)

t.test('no fact is older than its time or than the last change, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { facts, clock } = newCache()
      const changedAt = new Map<string, number>()
      for (const [moment, each] of steps.entries()) {
        if (each.act === 'wait') clock.now += each.ms
        else if (each.act === 'drop') {
          facts.drop(each.of)
          changedAt.set(each.of, moment)
        } else {
          // A fact tells the moment and the time that it was asked at.
          const fact = await facts.find(each.of, 'a', async () => moment * 10_000 + clock.now)
          const isLate = Math.floor(fact / 10_000) < (changedAt.get(each.of) ?? 0)
          if (isLate || clock.now - (fact % 10_000) >= 100) return false
        }
      }
      return true
    }),
  )
})
