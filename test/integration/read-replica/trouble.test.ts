/**
 * A read replica that is killed, frozen, promoted, slow to come back or none of this store at all: nothing is wrongly
 * allowed, and nothing good is refused.
 * @module
 */

import t, { type Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { startPostgres } from '../../support/postgres.ts'
import { allowed, newScene, query, refused, type Scene } from './scene.ts'

/** A good and a revoked token, both known to the replica; the latter was revoked before anything happened to it. */
async function twoTokens({ installation, run, caughtUp }: Scene) {
  const [good, revoked] = [await installation.issue(), await installation.issue()]
  await run('token', 'revoke', revoked.token.id)
  await caughtUp()
  return { good: good.text, revoked: revoked.text }
}

/** Decides as if there were no replica, for tokens that it knows, for new ones and for changes. */
async function decidesAlone(t: Test, { ask, installation, run }: Scene, good: string, revoked: string) {
  t.same(await ask(good), [allowed, allowed])
  t.same(await ask(revoked), [refused, refused])
  const issued = await installation.issue()
  t.same(await ask(issued.text), [allowed, allowed])
  await run('token', 'revoke', issued.token.id)
  t.same(await ask(issued.text), [refused, refused])
}

for (const [what, harm] of [
  ['killed', ({ standby }: Scene) => standby.kill()],
  ['frozen', async ({ standby }: Scene) => standby.freeze()],
] as const) {
  t.test(`a replica that is ${what} is left alone until it is back`, async (t) => {
    const scene = await newScene(t)
    const { standby, ask, count, replicaIs, installation, run, caughtUp } = scene
    const { good, revoked } = await twoTokens(scene)
    await replicaIs('ok')
    await harm(scene)
    t.teardown(() => standby.thaw())
    await decidesAlone(t, scene, good, revoked)
    await replicaIs('degraded')
    const victim = await installation.issue()
    await run('token', 'revoke', victim.token.id)
    if (what === 'killed') await standby.restart()
    else standby.thaw()
    t.same(await ask(victim.text), [refused, refused], 'also when it is there again')
    await replicaIs('ok')
    await caughtUp()
    const hits = await count('replica', 'hit')
    t.same(await ask(good), [allowed, allowed])
    t.equal(await count('replica', 'hit'), hits + 2)
  })
}

t.test('gateways start without the replica, and use it when it comes', async (t) => {
  const scene = await newScene(t)
  const { good, revoked } = await twoTokens(scene)
  await scene.standby.kill()
  const gateway = await scene.installation.serve()
  const status = async (text: string) =>
    (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
  t.same([await status(good), await status(revoked)], [200, 401])
  await scene.standby.restart()
  await scene.replicaIs('ok')
  t.same(await scene.ask(good), [allowed, allowed])
})

t.test('a replica that is promoted beside the primary is asked for nothing any more', async (t) => {
  const scene = await newScene(t)
  const { good, revoked } = await twoTokens(scene)
  await scene.replicaIs('ok')
  await scene.standby.promote()
  await query(
    scene.standby.url,
    'UPDATE tokens SET revoked_at = NULL, revoked_by = NULL, revoked_cause = NULL',
  )
  await decidesAlone(t, scene, good, revoked)
  await scene.replicaIs('degraded')
})

t.test('a replica of another store, however alike, decides nothing', async (t) => {
  const other = await startPostgres()
  t.teardown(() => other.stop())
  await migrate({ postgres: { url: other.url, connections: 1, timeout: 15_000 } })
  const foreign = await newScene(t, { primary: other })
  const scene = await newScene(t, { replicaUrl: () => foreign.standby.url })
  const { good, revoked } = await twoTokens(scene)
  // The very records, but for the end of one of them.
  const alive = { revoked_at: null, revoked_by: null, revoked_cause: null }
  for (const table of ['subjects', 'tokens']) {
    for (const { row } of await query(
      scene.primary.url,
      `SELECT row_to_json(${table}) AS row FROM ${table}`,
    )) {
      const copy = JSON.stringify(table === 'tokens' ? { ...(row as object), ...alive } : row)
      await query(
        other.url,
        `INSERT INTO ${table} SELECT * FROM json_populate_record(NULL::${table}, $json$${copy}$json$)`,
      )
    }
  }
  const clock = await query(scene.primary.url, 'SELECT version FROM change_clock')
  await query(other.url, `UPDATE change_clock SET version = ${clock[0].version}`)
  await foreign.caughtUp()
  await decidesAlone(t, scene, good, revoked)
  t.equal(await scene.count('replica', 'hit'), 0)
  await scene.replicaIs('degraded')
})

t.test('the primary itself is no replica', async (t) => {
  const scene = await newScene(t, { replicaUrl: ({ primary }) => `${primary.url}?application_name=replica` })
  const { good, revoked } = await twoTokens(scene)
  await decidesAlone(t, scene, good, revoked)
  await scene.replicaIs('degraded')
})
