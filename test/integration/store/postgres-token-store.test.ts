/**
 * The token store on PostgreSQL: the common guarantees, and what happens when the server fails.
 * @module
 */

import t from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { postgresOptions } from '../../../src/database/postgres-options.ts'
import { findOn } from '../../../src/tokens/stores/postgres/postgres-sql.ts'
import { freshDatabase, startPostgres } from '../../support/postgres.ts'
import { addToken, apartFromLine } from './contract-database.ts'
import { connected, newPostgresDatabase, opened, settingsOf, timeout } from './postgres-database.ts'
import { testTokenStore } from './token-store-contract.ts'

testTokenStore(t, newPostgresDatabase)

t.test(
  'a change waits for the one before it, so that no version is visible before a lower one',
  async (t) => {
    const url = await freshDatabase(t)
    await migrate({ postgres: settingsOf(url) })
    const [registry, slow] = [opened(t, url), await connected(t, url)]
    const [one, two] = [await addToken(registry), await addToken(registry)]

    await slow.query('BEGIN')
    await slow.query('UPDATE change_clock SET version = version + 1')
    await slow.query('INSERT INTO token_changes (version, token_id) VALUES (1, $1)', [one.token.id])
    let isRevoked = false
    const revoked = registry
      .revokeToken(two.token.id, { at: 1, by: 'root', origin: 'test', cause: 'leaked' })
      .then(() => {
        isRevoked = true
      })
    await new Promise((resolve) => setTimeout(resolve, timeout / 4))
    t.notOk(isRevoked)
    t.equal((await registry.readClock()).version, 0)
    await slow.query('COMMIT')
    await revoked
    t.same(
      (await registry.changesAfter(0, 10)).map(({ version, tokenId }) => [version, tokenId]),
      [
        [1, one.token.id],
        [2, two.token.id],
      ],
    )
  },
)

t.test('a change that cannot take the clock in time is given up whole', async (t) => {
  const url = await freshDatabase(t)
  await migrate({ postgres: settingsOf(url) })
  const [registry, holder] = [opened(t, url), await connected(t, url)]
  const { token, digests } = await addToken(registry)
  await holder.query('BEGIN')
  await holder.query('UPDATE change_clock SET version = version + 1')
  const act = { at: 1, by: 'root', origin: 'test', cause: 'leaked' }
  await t.rejects(registry.revokeToken(token.id, act), { name: 'StoreUnavailable' })
  await holder.query('ROLLBACK')
  t.same(apartFromLine(await registry.find(digests)), { token, version: 0, keyId: 'k1' })
  t.equal((await registry.revokeToken(token.id, act)).outcome, 'revoked')
})

t.test('look-ups that hang do not keep the clock and ping from answering', async (t) => {
  const url = await freshDatabase(t)
  await migrate({ postgres: settingsOf(url) })
  const [reader, holder] = [opened(t, url), await connected(t, url)]
  const { digests } = await addToken(reader)
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE')
  const hanging = Promise.allSettled(Array.from({ length: 40 }, () => reader.find(digests)))
  const since = performance.now()
  await reader.ping()
  t.equal((await reader.readClock()).version, 0)
  t.ok(performance.now() - since < timeout / 2)
  for (const { status } of await hanging) t.equal(status, 'rejected')
  await holder.query('ROLLBACK')
  t.ok((await reader.find(digests)).token)
})

t.test('each key of a look-up is one step through the index of digests', async (t) => {
  const url = await freshDatabase(t)
  await migrate({ postgres: settingsOf(url) })
  const client = await connected(t, url)
  await client.query(`
    INSERT INTO subjects (id, name, kind, created_at)
    SELECT gen_random_uuid(), n::text, 'user', now() FROM generate_series(1, 500) n`)
  await client.query(`
    INSERT INTO tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, description, created_at, created_by)
    SELECT gen_random_uuid(), 'k1', sha256(n::text::bytea), 'personal', (SELECT id FROM subjects LIMIT 1),
      '{}', '{}', 'read-only', '', now(), 'root' FROM generate_series(1, 20000) n`)
  await client.query('ANALYZE')
  await client.query("SET plan_cache_mode = 'force_generic_plan'")
  await client.query(`PREPARE find AS ${findOn('primary')}`)
  const { rows } = await client.query("EXPLAIN EXECUTE find('{k1,k2}', '{a,b}')")
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  t.match(plan, /Index Scan using tokens_by_digest on tokens/)
  t.notMatch(plan, /Seq Scan on (tokens|subjects)/)
})

t.test('a frozen server is told within the deadline, and answers again once it is thawed', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  await migrate({ postgres: settingsOf(server.url) })
  const [warm, cold, closing] = [opened(t, server.url), opened(t, server.url), opened(t, server.url)]
  const { digests } = await addToken(warm)
  await Promise.all([warm.ping(), closing.ping(), closing.find(digests)])

  server.freeze()
  const since = performance.now()
  const act = { at: 1, by: 'root', origin: 'test', cause: 'leaked' }
  await Promise.all([
    t.rejects(warm.find(digests), { name: 'StoreUnavailable' }),
    t.rejects(warm.ping(), { name: 'StoreUnavailable' }),
    t.rejects(warm.revokeToken('0189dcd5-5311-7d40-8db0-9496a2eef37b', act), { name: 'StoreUnavailable' }),
    t.rejects(cold.find(digests), { name: 'StoreUnavailable' }),
    t.rejects(cold.readClock(), { name: 'StoreUnavailable' }),
    closing.close(),
  ])
  t.ok(performance.now() - since < timeout + 500, `${Math.round(performance.now() - since)} ms`)

  server.thaw()
  t.ok((await warm.find(digests)).token)
  t.equal((await cold.readClock()).version, 0)
})

t.test('a server that was killed is unavailable, and the store goes on once it is back', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  await migrate({ postgres: settingsOf(server.url) })
  const registry = opened(t, server.url)
  const { digests, token } = await addToken(registry)
  await server.kill()
  await t.rejects(registry.find(digests), { name: 'StoreUnavailable' })
  await t.rejects(registry.changesAfter(0, 1), { name: 'StoreUnavailable' })
  await server.restart()
  t.same((await registry.find(digests)).token, token)
})

t.test('a store whose schema is missing is our fault, not an outage', async (t) => {
  const registry = opened(t, await freshDatabase(t))
  await t.rejects(registry.readClock(), { code: '42P01' })
})

t.test('the URL can neither lift a deadline nor be shown by an error', async (t) => {
  const url = 'postgres://u:secret@h/d?query_timeout=0&statement_timeout=0&sslmode=disable'
  const options = postgresOptions({ url, connections: 1, timeout, verifyTls: true })
  t.equal(options.connectionString, 'postgres://u:secret@h/d?sslmode=verify-full')
  t.match(options, { query_timeout: timeout, statement_timeout: timeout, connectionTimeoutMillis: timeout })
  const settings = { url: 'postgres://u:secret@h:99999/d', connections: 1, timeout }
  t.throws(() => postgresOptions(settings), { message: /^(?!.*secret)/ })
})
