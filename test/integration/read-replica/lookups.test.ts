/**
 * Look-ups by way of a real read replica: it answers them in place of the primary, and while it lags behind nothing is
 * decided by what it has not heard of yet.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { until } from '../../support/until.ts'
import { allowed, newScene, pauseReplay, query, refused } from './scene.ts'

const scene = await newScene(t)
const { primary, standby, installation, ask, run, caughtUp, replicaIs, count } = scene

/** How often the table of tokens was looked into, by PostgreSQL's own count. */
const lookups =
  "SELECT (seq_scan + idx_scan)::int AS lookups FROM pg_stat_user_tables WHERE relname = 'tokens'"
const lookupsAt = async (url: string) => Number((await query(url, lookups))[0].lookups)

const resume = () => query(standby.url, 'SELECT pg_wal_replay_resume()')

t.test('look-ups go to the replica, and not to the primary', async (t) => {
  const { text } = await installation.issue()
  await caughtUp()
  await replicaIs('ok')
  const before = [await lookupsAt(primary.url), await lookupsAt(standby.url)] as const
  for (let times = 0; times < 10; times++) t.same(await ask(text), [allowed, allowed])
  // Idle connections tell what they counted some seconds later.
  await until(async () => (await lookupsAt(standby.url)) >= before[1] + 20, 30_000)
  const atPrimary = (await lookupsAt(primary.url)) - before[0]
  t.ok(atPrimary < 5, `${atPrimary} of the issue itself, which are counted late as well`)
  t.equal(await count('replica', 'hit'), 20)
  t.equal(await count('store', 'hit'), 0)
})

t.test('a replica that stands still', async (t) => {
  const [bystander, revoked, rotated, ending] = [
    await installation.issue(),
    await installation.issue(),
    await installation.issue(),
    await installation.issue(),
  ]
  const ofBob = await installation.issue({ subject: 'bob' })
  const all = [bystander, revoked, rotated, ending, ofBob]
  await pauseReplay(scene)
  t.teardown(resume)
  for (const { text } of all) t.same(await ask(text), [allowed, allowed])

  await t.test('does not hide a token that was issued a moment ago', async (t) => {
    const { text } = await installation.issue()
    const hits = await count('store', 'hit')
    t.same(await ask(text), [allowed, allowed])
    t.equal(await count('store', 'hit'), hits + 2)
  })

  await t.test('lets no revoked token through once the command has returned', async (t) => {
    await run('token', 'revoke', revoked.token.id)
    t.same(await ask(revoked.text), [refused, refused])
    const [{ is_alive }] = await query(
      standby.url,
      `SELECT revoked_at IS NULL AS is_alive FROM tokens WHERE id = '${revoked.token.id}'`,
    )
    t.equal(is_alive, true, 'though it is alive there')
  })

  await t.test(
    'lets a rotated token through no longer than its overlap, and the new one at once',
    async (t) => {
      const { token } = await run('token', 'rotate', rotated.token.id, '--overlap', '0s')
      t.same(await ask(rotated.text), [refused, refused])
      t.same(await ask(String(token)), [allowed, allowed])
      await run('token', 'rotate', ending.token.id, '--overlap', '2s')
      t.same(await ask(ending.text), [allowed, allowed])
      await sleep(2_000)
      t.same(await ask(ending.text), [refused, refused])
    },
  )

  await t.test('shows a subject as it is', async (t) => {
    await run('subject', 'disable', 'bob')
    t.same(await ask(ofBob.text), [refused, refused])
    await run('subject', 'enable', 'bob')
    t.same(await ask(ofBob.text), [allowed, allowed])
  })

  await t.test('calls what nobody knows unknown', async (t) => {
    t.same(await ask(newTokenText('personal').reveal()), [refused, refused])
  })

  await t.test('still answers for what nothing has happened to', async (t) => {
    const [hits, others] = [await count('replica', 'hit'), await count('store', 'hit')]
    t.same(await ask(bystander.text), [allowed, allowed])
    t.equal(await count('replica', 'hit'), hits + 2)
    t.equal(await count('store', 'hit'), others)
  })

  await t.test('answers for all of it once it goes on', async (t) => {
    await resume()
    await caughtUp()
    const others = await count('store', 'hit')
    t.same(await ask(revoked.text), [refused, refused])
    t.same(await ask(ofBob.text), [allowed, allowed])
    t.equal(await count('store', 'hit'), others)
  })
})
