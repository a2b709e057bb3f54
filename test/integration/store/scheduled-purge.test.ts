/**
 * Purging by schedule: once in an interval, however many replicas there are, on either store.
 * @module
 */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { decodeEntry } from '../../../src/audit/entry.ts'
import { ScheduledPurge } from '../../../src/tokens/life/scheduled-purge.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { addToken, type NewDatabase, start } from './contract-database.ts'
import { newPostgresDatabase } from './postgres-database.ts'
import { newSqliteDatabase } from './sqlite-database.ts'

const everyMs = 400

async function purgesOnce(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const stores = [database.open(), database.open(), database.open()]
  const [store = database.open()] = stores
  for (let index = 0; index < 5; index++) await addToken(store, { expiresAt: start })
  const removed: number[] = []
  const startedAt = performance.now()
  const replicas = stores.map(
    (each, index) =>
      new ScheduledPurge({
        everyMs,
        olderThanMs: 1,
        sessionsOlderThanMs: 1,
        auditOlderThanMs: undefined,
        store: each,
        origin: `gateway:host${index}`,
        clock: { now: () => start + 10 },
        observer: { purged: (done) => void removed.push(done?.tokens ?? -1) },
        log: { info: () => {}, warn: () => {} },
      }),
  )
  await until(() => removed.length >= 3)
  const intervals = Math.floor((performance.now() - startedAt) / everyMs) + 1
  await Promise.all(replicas.map((replica) => replica.close()))
  t.ok(removed.length <= intervals, `${removed.length} purges in ${intervals} intervals`)
  t.same(removed.slice(0, 3), [5, 0, 0])
  const purges = (await store.audit.entries({ after: 0, limit: 100 }))
    .map(({ entry }) => decodeEntry(entry))
    .filter((entry) => entry?.deed === 'tokens_purged')
  t.match(purges, [{ by: 'sallyport:purge', origin: /^gateway:host\d$/ }], 'an empty purge leaves no entry')
  t.equal(purges.length, 1)
  t.equal(purges[0]?.tokenIds.length, 5)
}

t.test('three replicas on PostgreSQL purge once in an interval', (t) => purgesOnce(t, newPostgresDatabase))
t.test('three replicas on SQLite purge once in an interval', (t) => purgesOnce(t, newSqliteDatabase))

t.test('a gateway purges what is old enough, counts it, and says who did', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
    log: { level: 'info' },
    store: {
      sqlite: { path: join(t.testdir(), 'tokens.db') },
      purge: { every: '300ms', olderThan: '1ms' },
    },
  })
  const { token } = await gateway.issue({ lifetimeMs: 1 })
  await until(async () => (await gateway.store.showToken(token.id)) === undefined)
  await until(async () => (await gateway.metric('sallyport_purged_records_total{kind="token"}')) === 1)
  t.ok((await gateway.metric('sallyport_purges_total{result="done"}')) >= 1)
  t.equal(await gateway.metric('sallyport_purges_total{result="failed"}'), 0)
  const [last] = await gateway.store.audit.latest(1)
  const entry = decodeEntry(last?.entry ?? '')
  t.match(entry, { deed: 'tokens_purged', by: 'sallyport:purge', origin: /^gateway:/, tokenIds: [token.id] })
  t.ok(gateway.log.some(({ message, tokens }) => /was purged/.test(String(message)) && tokens === 1))
})

t.test('a session goes soon after its end, and every other token stays as long as is said', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
    store: {
      sqlite: { path: join(t.testdir(), 'tokens.db') },
      purge: { every: '300ms', sessionsOlderThan: '1ms' },
    },
  })
  const { token } = await gateway.issue({ lifetimeMs: 1 })
  const session = await gateway.issue({ kind: 'session', lifetimeMs: 1 })
  await until(async () => (await gateway.store.showToken(session.token.id)) === undefined)
  t.ok(await gateway.store.showToken(token.id))
})

t.test('a gateway that is to purge never does not', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
    store: { sqlite: { path: join(t.testdir(), 'tokens.db') }, purge: { every: '0s' } },
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(await gateway.metric('sallyport_store_queries_total{operation="beginTask"}'), 0)
})
