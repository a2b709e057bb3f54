/**
 * When a target is left out, for how long, and what brings it back.
 * @module
 */

import t from 'tap'
import { TargetHealth } from '../../../src/forward/balance/target-health.ts'

function begin(random = () => 1) {
  const health = new TargetHealth({ failures: 3, outFor: 100, outForMax: 400 }, random)
  const changes: string[] = []
  health.onChange = (isUp, reason) => void changes.push(`${isUp ? 'up' : 'down'}: ${reason}`)
  const fail = (atMs: number, times = 1) => {
    for (let left = times; left > 0; left--) health.failed(atMs, atMs, 'ECONNREFUSED')
  }
  return { health, changes, fail }
}

t.test('it takes so many failures, one after another', async (t) => {
  const { health, changes, fail } = begin()
  fail(0, 2)
  health.succeeded(1, 1)
  fail(2, 2)
  t.ok(health.isUp)
  fail(3)
  t.notOk(health.isUp)
  t.strictSame(changes, ['down: ECONNREFUSED'])
})

t.test('each time it is left out for longer, up to the bound', async (t) => {
  const { health, fail } = begin()
  fail(0, 3)
  let atMs = 0
  for (const lengthMs of [100, 200, 400, 400]) {
    t.notOk(health.admits(atMs + lengthMs - 1, 0), `${lengthMs}`)
    t.ok(health.admits(atMs + lengthMs, 0))
    atMs += lengthMs
    fail(atMs)
  }
})

t.test('jitter makes it shorter by half at the most', async (t) => {
  const { health, fail } = begin(() => 0)
  fail(0, 3)
  t.notOk(health.admits(49, 0))
  t.ok(health.admits(50, 0))
})

t.test('then one request at a time decides', async (t) => {
  const { health, changes, fail } = begin()
  fail(0, 3)
  t.ok(health.admits(100, 0))
  t.notOk(health.admits(100, 1), 'while one is under way, no other goes there')
  health.succeeded(100, 120)
  t.ok(health.admits(120, 50))
  t.strictSame(changes, ['down: ECONNREFUSED', 'up: answered'])
})

t.test('what began before it was left out neither brings it back nor keeps it out', async (t) => {
  const { health, fail } = begin()
  fail(10, 3)
  health.succeeded(9, 50)
  t.notOk(health.isUp)
  health.failed(9, 200, 'ECONNRESET')
  t.ok(health.admits(110, 0), 'the time was not made longer')
})

t.test('after a long good time it starts from the shortest time again', async (t) => {
  const { health, fail } = begin()
  fail(0, 3)
  fail(100)
  health.succeeded(300, 300)
  fail(301, 3)
  t.notOk(health.admits(301 + 399, 0), 'soon after, it goes on')
  health.succeeded(800, 800)
  fail(1_300, 3)
  t.ok(health.admits(1_400, 0))
})

t.test('failed probes and failed requests each suffice', async (t) => {
  const { health, changes, fail } = begin()
  health.probed(false, 'probe: no answer')
  t.notOk(health.admits(0, 0))
  fail(0, 3)
  health.probed(true, 'probe: well')
  t.notOk(health.isUp, 'requests say otherwise')
  health.succeeded(200, 200)
  t.ok(health.isUp)
  t.strictSame(changes, ['down: probe: no answer', 'up: answered'])
})
