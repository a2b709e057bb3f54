/**
 * Counts of a window against a model that forgets nothing: what is admitted, when it begins anew, and how many keys
 * are held at the most.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { usedOf, WindowCounts } from '../../../src/limits/window-counts.ts'

const perMs = 60_000
const newCounts = (keysMax = 100) => new WindowCounts({ id: 'x', label: 'x', perMs, keysMax })

/** Counts one more unless `limit` is reached, as a limit does. */
function take(counts: WindowCounts, key: string, now: number, limit: number): boolean {
  const use = counts.useOf(key, now)
  if (usedOf(use) >= limit) return false
  counts.count(use)
  return true
}

t.test('admits in every window exactly what a model admits, for any times and keys', async () => {
  const steps = fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', 'c'), afterMs: fc.nat({ max: 40_000 }) }),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (taken, limit) => {
      const counts = newCounts()
      const model = new Map<string, number>()
      let now = 1_700_000_000_000
      for (const { key, afterMs } of taken) {
        now += afterMs
        const place = `${key} ${Math.floor(now / perMs)}`
        const before = model.get(place) ?? 0
        const isAdmitted = take(counts, key, now, limit)
        if (isAdmitted !== before < limit) return false
        if (isAdmitted) model.set(place, before + 1)
      }
      return true
    }),
  )
})

t.test('a window begins anew at a multiple of its length since the epoch, not before', async (t) => {
  const counts = newCounts()
  const start = 28_333_334 * perMs
  t.equal(take(counts, 'a', start + 10_000, 1), true)
  t.equal(take(counts, 'a', start + perMs - 1, 1), false)
  t.equal(counts.remainingMs(counts.useOf('a', start + 45_000), start + 45_000), 15_000)
  t.equal(take(counts, 'a', start + perMs, 1), true)
})

t.test('a clock that goes back by a moment gives nobody a new window; by a long time it does', async (t) => {
  const counts = newCounts()
  const start = 28_333_334 * perMs
  take(counts, 'a', start, 1)
  t.equal(take(counts, 'a', start - 1, 1), false)
  t.equal(take(counts, 'a', start, 1), false)
  t.equal(take(counts, 'a', start - 3 * perMs, 1), true)
})

t.test('holds no more keys than it may, whoever comes, and forgets those not used for longest', async (t) => {
  const forgotten: string[] = []
  const counts = new WindowCounts({
    id: 'x',
    label: 'x',
    perMs,
    keysMax: 1_000,
    onForgotten: ({ key }) => forgotten.push(key),
  })
  const now = 28_333_334 * perMs
  take(counts, 'busy', now, 1)
  for (let address = 0; address < 1_000_000; address++) {
    take(counts, `address ${address}`, now, 5)
    if (address % 500 === 0) t.equal(take(counts, 'busy', now, 1), false)
    if (counts.size > 1_000) t.fail('too many keys')
  }
  t.equal(counts.size, 1_000)
  t.equal(forgotten.length, 1_000_001 - 1_000)
  t.notOk(forgotten.includes('busy'))
})
