/**
 * When a delay counts as too long: not for one pause, whatever its length, and not for a moment only.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { SmoothedDelay } from '../../../src/listen/event-loop-delay.ts'

const limitMs = 500

function after(...delaysMs: readonly number[]): SmoothedDelay {
  const delay = new SmoothedDelay(limitMs)
  for (const delayMs of delaysMs) delay.note(delayMs)
  return delay
}

t.test('two pauses in a row, however long, are not too long yet; three are', async (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (pauseMs) => {
      t.notOk(after(0, pauseMs, pauseMs).isTooLong)
    }),
  )
  t.ok(after(60_000, 60_000, 60_000).isTooLong)
})

t.test('delays within the limit never are, whatever their order', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: limitMs, noNaN: true })), (delaysMs) => {
      t.notOk(after(...delaysMs).isTooLong)
    }),
  )
})

t.test('a delay a little beyond the limit is too long when it lasts', async (t) => {
  t.ok(after(...new Array<number>(40).fill(1.1 * limitMs)).isTooLong)
})

t.test('what was too long is so until it is within half of the limit', async (t) => {
  const delay = after(60_000, 60_000, 60_000, 60_000)
  const states: boolean[] = []
  for (let n = 0; n < 100; n++) {
    delay.note(0.6 * limitMs)
    states.push(delay.isTooLong)
  }
  t.ok(states.every(Boolean), 'under the limit, and above half of it')
  while (delay.seconds > limitMs / 2000) {
    t.ok(delay.isTooLong)
    delay.note(0)
  }
  t.notOk(delay.isTooLong)
  delay.note(0.9 * limitMs)
  t.notOk(delay.isTooLong, 'and from then on the whole limit counts again')
})
