/**
 * After an outage under load all is well again without a restart, and the store that has just come back is not met by
 * a crowd: each token is read at most once for each lifetime of its entry, however many ask for it.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { startPostgres } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { startPlainUpstream } from '../revocation/load.ts'
import { type Crowd, gatherCrowd, type Interval } from './crowd.ts'

const tokens = 500
const connections = 64
/** So short that every token expires in memory more than once while a part is away. */
const ttlMs = 2_000
const awayMs = 3_000
const afterMs = 2_500

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
t.teardown(() => Promise.all([postgres.stop(), redis.stop()]))
const installation = newInstallation(t, {
  upstream: await startPlainUpstream(t),
  store: { postgres: { url: postgres.url } },
  cache: { memory: { ttl: `${ttlMs}ms` }, redis: { url: redis.url } },
  log: { requests: false },
})
const gateway = await installation.serve()
const texts: string[] = []
for (let count = 0; count < tokens; count++) texts.push((await installation.issue()).text)

function show(t: Test, { intervals }: Crowd): void {
  t.comment('until ms  requests  allowed  finds  polls')
  for (const { endMs, ...counts } of intervals) {
    t.comment([endMs, ...Object.values(counts)].map((count) => String(count).padStart(8)).join(' '))
  }
}

/** How many look-ups there may be: one for each token, and one more for each time that it expired. */
function findsMax(lastedMs: number): number {
  return tokens * (1 + Math.floor(lastedMs / (0.9 * ttlMs)))
}

for (const [what, parts] of [
  ['PostgreSQL', [postgres]],
  ['Redis', [redis]],
  ['PostgreSQL and Redis', [postgres, redis]],
] as const) {
  t.test(
    `when ${what} is back, ${tokens} tokens on ${connections} connections are no stampede`,
    async (t) => {
      const crowd = await gatherCrowd(gateway, { texts, connections, pauseMs: 50 })
      await sleep(1_000)
      for (const part of parts) part.freeze()
      t.teardown(() => parts.map((part) => part.thaw()))
      await sleep(awayMs)
      const atReturn = await crowd.now()
      for (const part of parts) part.thaw()
      await until(async () => (await crowd.now()).allowed > atReturn.allowed)
      const atFirst = await crowd.now()
      await sleep(afterMs)
      // In the end every request is let through.
      await until(() => isServed(crowd.intervals.at(-1)))
      const atEnd = await crowd.now()
      await crowd.stop()
      show(t, crowd)

      const finds = atEnd.finds - atReturn.finds
      t.ok(finds <= findsMax(atEnd.endMs - atReturn.endMs), `${finds} look-ups in all`)
      for (const [index, { finds, endMs }] of crowd.intervals.entries()) {
        const lastedMs = endMs - (crowd.intervals[index - 1]?.endMs ?? 0)
        t.ok(finds <= findsMax(lastedMs), `${finds} look-ups until ${endMs} ms`)
      }
      const polls = atFirst.polls - atReturn.polls
      // With Redis away alone requests are served, and polled for, all the time.
      if (parts[0] === postgres) t.ok(polls <= 20, `let through after ${polls} polls`)
    },
  )
}

function isServed(interval: Interval | undefined): boolean {
  return interval !== undefined && interval.requests > 0 && interval.allowed === interval.requests
}
