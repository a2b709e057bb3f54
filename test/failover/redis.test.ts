/**
 * A Redis master is killed under load, with Sentinel and in a cluster: every request is decided as before, and a
 * revocation that returns meanwhile holds.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startPlainUpstream } from '../integration/revocation/load.ts'
import { newInstallation } from '../support/installation.ts'
import { freshDatabase } from '../support/postgres.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startSentinelGroup } from '../support/redis-sentinel.ts'
import { startMixedLoad } from './mixed-load.ts'

type Servers =
  | { readonly sentinel: { readonly name: string; readonly nodes: string[] } }
  | { readonly cluster: { readonly nodes: string[] } }

/** `kill` yields a function that resolves when another master is there. */
async function survives(
  t: Test,
  title: string,
  servers: Servers,
  kill: () => Promise<() => Promise<unknown>>,
): Promise<void> {
  const installation = newInstallation(t, {
    upstream: await startPlainUpstream(t),
    store: { postgres: { url: await freshDatabase(t) } },
    cache: { redis: servers },
    authentication: { failures: { attempts: 0 } },
    log: { requests: false },
  })
  const gateways = [await installation.serve(), await installation.serve()]
  const load = await startMixedLoad(installation, gateways)
  await sleep(1_000)
  const whenReplaced = await kill()
  await load.revokeVictim()
  await whenReplaced()
  await sleep(1_500)
  await load.stop()
  load.report(title)
  t.same(load.wronglyAllowed, [], 'nothing is wrongly allowed')
  const names = [...load.counts.keys()]
  t.notOk(
    names.some((name) => name === 'good 401' || name === 'new 401'),
    'no good token is called bad',
  )
}

t.test('the master of a Sentinel group is killed', async (t) => {
  const group = await startSentinelGroup(t)
  await survives(t, 'Redis Sentinel', { sentinel: group.settings }, async () => {
    const former = await group.named()
    await former.kill()
    return () => group.replaced(former)
  })
})

t.test('a master of a cluster is killed', async (t) => {
  const cluster = await startRedisCluster(t)
  const board = 'sallyport:{revocation}:replicas'
  await survives(t, 'Redis Cluster', { cluster: cluster.settings }, async () => {
    const holder = await cluster.holderOf(board)
    await holder.kill()
    return async () => {
      while ((await cluster.holderOf(board)) === holder) await sleep(100)
    }
  })
})
