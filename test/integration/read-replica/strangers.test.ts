/**
 * Servers that are taken for a read replica and are none: what they say is not believed, however much they have in common
 * with the store.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { startPostgres } from '../../support/postgres.ts'
import { startStandby } from '../../support/postgres-standby.ts'
import { until } from '../../support/until.ts'
import { allowed, decidesAlone, newScene, query, refused, type Scene, twoTokens } from './scene.ts'

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

/** Long enough for gateways to look at the server again and again, and to use it if it were one to use. */
async function neverUses(t: Test, scene: Scene, good: string, revoked: string): Promise<void> {
  for (let times = 0; times < 10; times++) {
    t.same(await scene.ask(good), [allowed, allowed])
    t.same(await scene.ask(revoked), [refused, refused])
    await sleep(300)
  }
  t.equal(await scene.count('replica', 'hit'), 0)
  await decidesAlone(t, scene, good, revoked)
  await scene.replicaIs('degraded')
}

/** The very records of the primary, its clock and its mark, but for the end of every token that has ended. */
async function copyRecords(from: string, to: string): Promise<void> {
  const alive = { revoked_at: null, revoked_by: null, revoked_cause: null }
  for (const table of ['subjects', 'tokens', 'change_clock', 'change_line']) {
    if (table.startsWith('change')) await query(to, `DELETE FROM ${table}`)
    for (const { row } of await query(from, `SELECT row_to_json(${table}) AS row FROM ${table}`)) {
      const copy = JSON.stringify(table === 'tokens' ? { ...(row as object), ...alive } : row)
      await query(
        to,
        `INSERT INTO ${table} SELECT * FROM json_populate_record(NULL::${table}, $json$${copy}$json$)`,
      )
    }
  }
}

const migrated = (url: string) => migrate({ postgres: { url, connections: 1, timeout: 15_000 } })

t.test('a replica of another server, alike to the last row, decides nothing', async (t) => {
  const other = await startPostgres()
  t.teardown(() => other.stop())
  await migrated(other.url)
  const standby = await startStandby(t, other.url)
  const scene = await newScene(t, { replicaUrl: () => standby.url })
  const { good, revoked } = await twoTokens(scene)
  await copyRecords(scene.primary.url, other.url)
  await until(
    async () => (await query(standby.url, 'SELECT version::int FROM change_clock'))[0].version === 1,
  )
  await neverUses(t, scene, good, revoked)
})

t.test('another database of the same servers, alike to the last row, decides nothing', async (t) => {
  const copyOf = (url: string) => url.replace(/\/postgres$/, '/copied')
  const scene = await newScene(t, { replicaUrl: ({ standby }) => copyOf(standby.url) })
  const { good, revoked } = await twoTokens(scene)
  await query(scene.primary.url, 'CREATE DATABASE copied')
  await migrated(copyOf(scene.primary.url))
  await copyRecords(scene.primary.url, copyOf(scene.primary.url))
  await scene.caughtUp()
  await neverUses(t, scene, good, revoked)
})

t.test('the primary itself is no replica', async (t) => {
  const scene = await newScene(t, { replicaUrl: ({ primary }) => `${primary.url}?application_name=replica` })
  const { good, revoked } = await twoTokens(scene)
  await decidesAlone(t, scene, good, revoked)
  await scene.replicaIs('degraded')
})
