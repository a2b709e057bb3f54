/**
 * PostgreSQL behind PgBouncer in transaction mode: the guarantees of the store, two gateways, and what is refused at the
 * start because it would not hold.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { settings as settingsSchema } from '../../../src/config/schema/settings.ts'
import { migrate, pendingMigrations } from '../../../src/database/migrate.ts'
import { newInstallation } from '../../support/installation.ts'
import { startPgBouncer } from '../../support/pgbouncer.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { addToken } from './contract-database.ts'
import { connected, newPostgresDatabase, opened, pooledOf, settingsOf, timeout } from './postgres-database.ts'
import { testTokenLives } from './token-lives-contract.ts'
import { testTokenStore } from './token-store-contract.ts'

const server = process.env.DATABASE_URL ?? ''
const { port } = await startPgBouncer(t, server)

testTokenStore(t, (t) => newPostgresDatabase(t, port))
testTokenLives(t, (t) => newPostgresDatabase(t, port))

t.test(
  'two gateways and every command share one pooler, and a revocation holds when it returns',
  async (t) => {
    const upstream = await recordingUpstream(t)
    const url = await freshDatabase(t)
    const installation = newInstallation(t, {
      upstream: upstream.url,
      store: { postgres: pooledOf(url, port), migrations: 'manual' },
    })
    const migrated = await installation.run('migrate')
    t.equal(migrated.code, 0)
    t.ok((migrated.document.applied as readonly string[]).length > 0)
    const gateways = [await installation.serve(), await installation.serve()]
    const statusesOf = (text: unknown) =>
      Promise.all(
        gateways.map(async (gateway) => {
          const headers: [string, string][] = [['Authorization', `Bearer ${text}`]]
          return (await gateway.request({ headers })).status
        }),
      )
    for (let each = 0; each < 3; each++) {
      const words = ['--kind', 'personal', '--subject', 'alice']
      const { document, code } = await installation.run('token', 'issue', ...words)
      t.equal(code, 0)
      t.same(await statusesOf(document.token), [200, 200])
      const sent = upstream.requests.length
      t.equal((await installation.run('token', 'revoke', String(document.id))).code, 0)
      t.same(await statusesOf(document.token), [401, 401])
      t.equal(upstream.requests.length, sent, 'nothing is sent on')
    }
    await sleep(5)
    const purged = await installation.run('token', 'purge', '--older-than', '1ms')
    t.match(purged, { code: 0, document: { tokens: 3 } })
    t.equal((await installation.run('audit', 'verify')).code, 0)
  },
)

t.test('many replicas may migrate through it at once, and one of them does', async (t) => {
  const postgres = { ...settingsOf(await freshDatabase(t), 15_000) }
  const settings = { postgres: { ...postgres, ...pooledOf(postgres.url, port) } }
  const pending = await pendingMigrations(settings)
  const applied = await Promise.all(Array.from({ length: 3 }, () => migrate(settings)))
  t.same(applied.flat(), pending)
})

t.test('a change that cannot take the clock in time is given up whole', async (t) => {
  const { url } = settingsOf(await freshDatabase(t))
  await migrate({ postgres: settingsOf(url) })
  const holder = await connected(t, url)
  const store = opened(t, url, undefined, timeout, pooledOf(url, port))
  const { token } = await addToken(store)
  await holder.query('BEGIN')
  await holder.query('UPDATE change_clock SET version = version + 1')
  const act = { at: 1, by: 'root', origin: 'test', cause: 'leaked' }
  await t.rejects(store.revokeToken(token.id, act), { name: 'StoreUnavailable' })
  await holder.query('ROLLBACK')
  t.equal((await store.revokeToken(token.id, act)).outcome, 'revoked')
})

t.test('what would not hold behind a pooler is refused at the start, with what to do', async (t) => {
  const url = await freshDatabase(t)
  const through = (port: number) => ({ ...settingsOf(url), ...pooledOf(url, port) })
  const asSession = (port: number) => ({ ...through(port), pooling: 'session' as const })
  const advice = { message: /set store\.postgres\.pooling to «transaction»/ }
  await t.rejects(migrate({ postgres: asSession(port) }), advice)
  const parameters = ['statement_timeout', 'idle_in_transaction_session_timeout']
  const silent = await startPgBouncer(t, server, { ignored: parameters })
  await t.rejects(pendingMigrations({ postgres: asSession(silent.port) }), advice)
  const endless = await startPgBouncer(t, server, { statementTimeoutMs: 0 })
  await t.rejects(pendingMigrations({ postgres: through(endless.port) }), { message: /ALTER ROLE/ })
  t.ok((await pendingMigrations({ postgres: through(silent.port) })).length > 0)
})

t.test('settings in the URL that a pooler would not take are found by «check»', async (t) => {
  const postgres = { url: 'postgres://u@h/d?options=-csearch_path%3Dtokens', pooling: 'transaction' }
  const { error } = settingsSchema.shape.store.safeParse({ postgres })
  t.match(error?.issues, [{ path: ['postgres', 'url'], message: /ALTER ROLE/ }])
})
