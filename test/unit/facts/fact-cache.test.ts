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

t.test(
  'whatever is asked, dropped and waited for, no fact is older than its time or than the last change',
  async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ act: fc.constant('find' as const), of: fc.constantFrom('r', 's') }),
        fc.record({ act: fc.constant('drop' as const), of: fc.constantFrom('r', 's') }),
        fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 80 }) }),
      ),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (acts) => {
        const { facts, clock } = newCache()
        const changed = new Map<string, number>()
        let moment = 0
        for (const step of acts) {
          moment++
          if (step.act === 'wait') clock.now += step.ms
          else if (step.act === 'drop') {
            facts.drop(step.of)
            changed.set(step.of, moment)
          } else {
            // A fact tells when it was asked: the moment, and the time.
            const fact = await facts.find(step.of, 'a', async () => moment * 10_000 + clock.now)
            if (Math.floor(fact / 10_000) < (changed.get(step.of) ?? 0)) return false
            if (clock.now - (fact % 10_000) >= 100) return false
          }
        }
        return true
      }),
    )
  },
)
