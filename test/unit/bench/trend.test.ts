/**
 * Growth is told from the teeth of a heap: the verdict of a soak can be believed both ways.
 * @module
 */

import t from 'tap'
import { type Point, trendOf } from '../../../bench/soak/trend.ts'

const minutes = 10

/** A sample each second of a heap that is swept every seven, with noise that is the same each time. */
function saw(growthPerSecond: number, warmup: (seconds: number) => number = () => 0): readonly Point[] {
  return Array.from({ length: minutes * 60 }, (_, seconds) => {
    const noise = ((seconds * 7_919) % 101) / 101
    return [seconds, 40 + (seconds % 7) * 5 + noise + seconds * growthPerSecond + warmup(seconds)] as const
  })
}

t.test('a saw whose floor stays does not grow', async (t) => {
  const { isGrowing, rise } = trendOf(saw(0), 2)
  t.notOk(isGrowing)
  t.ok(Math.abs(rise) < 1, `${rise}`)
})

t.test('a leak of 20 MiB an hour is growth, under teeth of 30 MiB', async (t) => {
  const { isGrowing, perHour } = trendOf(saw(20 / 3600), 2)
  t.ok(isGrowing)
  t.ok(perHour > 15 && perHour < 25, `${perHour}`)
})

t.test('what only the first third had to grow to is no growth', async (t) => {
  t.notOk(
    trendOf(
      saw(0, (seconds) => Math.min(seconds, 150)),
      2,
    ).isGrowing,
  )
})

t.test('a rise that is less than what is tolerated is none', async (t) => {
  t.notOk(trendOf(saw(20 / 3600), 8).isGrowing)
})

t.test('a floor that sinks is none', async (t) => {
  t.notOk(trendOf(saw(-20 / 3600), 2).isGrowing)
})
