/**
 * A bag holds what was put in and not taken out, whatever the order.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { Bag, type Placed } from '../../../src/lib/bag.ts'

t.test('a bag holds what a set would, whatever comes and goes', async (t) => {
  const steps = fc.array(fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(9)), { size: 'large' })
  fc.assert(
    fc.property(steps, (taken) => {
      const things = Array.from({ length: 10 }, (_, name): Placed & { name: number } => ({ name, place: -1 }))
      const bag = new Bag<(typeof things)[number]>()
      const held = new Set<(typeof things)[number]>()
      for (const [step, name] of taken) {
        const thing = things[name]
        if (thing === undefined) throw new Error('no such thing')
        if (step === 'delete') {
          bag.delete(thing)
          held.delete(thing)
        } else if (!held.has(thing)) {
          bag.add(thing)
          held.add(thing)
        }
        if (bag.size !== held.size || bag.all().some((one) => !held.has(one))) return false
      }
      return things.every((thing) => thing.place === -1 || held.has(thing))
    }),
  )
  t.pass()
})

t.test('what leaves while all are looked at is still looked at, once', async (t) => {
  const things = ['a', 'b', 'c'].map((name) => ({ name, place: -1 }))
  const bag = new Bag<(typeof things)[number]>()
  for (const thing of things) bag.add(thing)
  const seen = bag.all().map((thing) => {
    for (const other of things) bag.delete(other)
    return thing.name
  })
  t.same(seen, ['a', 'b', 'c'])
  t.equal(bag.size, 0)
})
