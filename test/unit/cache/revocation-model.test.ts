/**
 * The revocation protocol over a network that drops and delays, with replicas and a Redis that restart and a store
 * that some cannot reach: once a revocation has returned, no replica lets the token through.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { defaultFaults, happenings, Simulation } from './revocation-simulation.ts'

const rounds = 2_000
const replicas = 3

/** What happens to one replica, to Redis or to a token, and how long it is until the next thing does. */
const event = fc.record({
  what: fc.oneof(fc.constantFrom(...happenings), fc.constantFrom('revoke' as const, 'nothing' as const)),
  replica: fc.nat(replicas - 1),
  afterMs: fc.nat(700),
})
const script = fc.array(event, { minLength: 5, maxLength: 40 })
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

function play(events: readonly Event[], seed: number): Simulation {
  const simulation = new Simulation({ replicas, seed, faults: defaultFaults })
  simulation.run(4_000)
  for (const { what, replica, afterMs } of events) {
    simulation.happen(what, replica)
    simulation.run(afterMs)
  }
  simulation.run(6_000)
  return simulation
}

t.test('once a revocation has returned, no replica lets the token through', async () => {
  fc.assert(
    fc.property(script, fc.integer(), (events, seed) => {
      const { admitted } = play(events, seed)
      if (admitted.length > 0) throw new Error(admitted.join('\n'))
    }),
    { numRuns: rounds },
  )
})

t.test('every revocation returns, within one lease and its margin', async () => {
  fc.assert(
    fc.property(script, fc.integer(), (events, seed) => {
      const { slowestMs, unreturned } = play(events, seed)
      if (unreturned > 0 || slowestMs > 2_400) throw new Error(`${unreturned} open, slowest ${slowestMs} ms`)
    }),
    { numRuns: rounds / 10 },
  )
})

t.test('on a sound network it returns as soon as the replicas have asked the store', async (t) => {
  const simulation = new Simulation({ replicas, seed: 1, faults: { lossPercent: 0, delayMsMax: 5 } })
  simulation.run(4_000)
  for (let trial = 0; trial < 50; trial++) {
    simulation.happen('revoke', 0)
    simulation.run(200)
  }
  t.equal(simulation.returned, 50)
  t.same(simulation.admitted, [])
  t.ok(simulation.slowestMs < 150, `${simulation.slowestMs} ms`)
  t.ok(simulation.admissions > 5_000, 'replicas went on answering from memory')
})
