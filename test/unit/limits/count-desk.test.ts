/**
 * Workers that ask one desk count together, whatever the order in which they come there.
 * @module
 */

import t from 'tap'
import { CountDesk, DeskCounts } from '../../../src/limits/count-desk.ts'
import { usedOf, WindowCounts } from '../../../src/limits/window-counts.ts'

const now = 28_333_334 * 60_000

function workerAt(desk: CountDesk) {
  const counts = new WindowCounts({ id: 'a by address in 60000', label: 'a', perMs: 60_000, keysMax: 10 })
  const common = new DeskCounts(async (question) => desk.answer(question))
  const use = () => counts.useOf('192.0.2.1', now)
  return {
    used: () => usedOf(use()),
    count: () => counts.count(use()),
    take: (limit: number) => common.take(use(), limit, now),
    async share() {
      use().sent = use().unsent
      use().unsent = 0
      await common.add([use()], now)
    },
  }
}

t.test('what one has counted the others know after their next round', async (t) => {
  const desk = new CountDesk()
  const [one, other] = [workerAt(desk), workerAt(desk)]
  for (let count = 0; count < 3; count++) one.count()
  other.count()
  await one.share()
  await other.share()
  t.equal(other.used(), 4)
  t.equal(one.used(), 3)
  await one.share()
  t.equal(one.used(), 4)
})

t.test('a worker that begins anew learns what was counted before, and a new desk is told', async (t) => {
  const desk = new CountDesk()
  const one = workerAt(desk)
  for (let count = 0; count < 3; count++) one.count()
  await one.share()
  const fresh = workerAt(desk)
  await fresh.share()
  t.equal(fresh.used(), 3)
  const question = { key: 'k', known: 7, lifetimeMs: 1_000 }
  t.same(new CountDesk().answer({ kind: 'add', additions: [{ ...question, more: 2 }] }), [9])
})

t.test('of an exact limit no more is to be had than there is, however many ask at once', async (t) => {
  const desk = new CountDesk()
  const workers = [workerAt(desk), workerAt(desk), workerAt(desk)]
  const takes = Array.from({ length: 30 }, (_, index) => workers[index % 3]?.take(10))
  const taken = (await Promise.all(takes)).filter(Boolean)
  t.equal(taken.length, 10)
})
