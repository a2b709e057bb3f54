/**
 * What keeps revocations cheap in a large record on PostgreSQL, and what must hold for it.
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { until } from '../../support/until.ts'
import { addToken, revocation } from './contract-database.ts'
import { connected, opened, settingsOf } from './postgres-database.ts'

const migrations = join(import.meta.dirname, '../../../src/database/migrations/postgres')
const migratedDatabase = async (t: Test) => {
  const url = await freshDatabase(t)
  await migrate({ postgres: settingsOf(url, 10_000) })
  return url
}
const revoked = { state: 'revoked', now: 0, limit: 10 } as const

t.test('a revocation moves no index of the tokens', async (t) => {
  const url = await migratedDatabase(t)
  const store = opened(t, url)
  for (let index = 0; index < 3; index++) await addToken(store)
  await store.revokeToken((await addToken(store)).token.id, revocation)
  t.equal(await store.revokeTokens({ createdBy: 'root' }, revocation), 3)
  await store.close()
  const client = await connected(t, url)
  const updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tokens'"
  // The server counts them when the connection has ended.
  await until(async () => Number((await client.query(updates)).rows[0]?.n_tup_upd) === 4)
  t.match((await client.query(updates)).rows, [{ n_tup_hot_upd: '4' }])
})

t.test('whoever revokes a token, it is listed as revoked until it is gone', async (t) => {
  const url = await migratedDatabase(t)
  const client = await connected(t, url)
  const store = opened(t, url)
  const { id } = (await addToken(store)).token
  await addToken(store)
  await client.query(
    `UPDATE tokens SET revoked_at = now(), revoked_by = 'psql', revoked_cause = '' WHERE id = '${id}'`,
  )
  t.match(await store.listTokens(revoked), [{ id, revokedBy: 'psql' }])
  await client.query(`UPDATE tokens SET description = 'again' WHERE id = '${id}'`)
  t.match(await store.listTokens(revoked), [{ id, description: 'again' }])
  await client.query(`DELETE FROM tokens WHERE id = '${id}'`)
  t.match((await client.query('SELECT count(*) AS left FROM revoked_tokens')).rows, [{ left: '0' }])
})

t.test('what is revoked of a group already is passed over without the change clock', async (t) => {
  const url = await migratedDatabase(t)
  const store = opened(t, url)
  for (let index = 0; index < 3; index++) await addToken(store)
  const group = { createdBy: 'root' }
  t.equal(await store.revokeTokens(group, revocation), 3)
  const other = await connected(t, url)
  await other.query('BEGIN')
  await other.query('SELECT version FROM change_clock FOR UPDATE')
  t.equal(await store.revokeTokens(group, revocation), 0)
  await addToken(store)
  await t.rejects(store.revokeTokens(group, revocation), { name: 'StoreUnavailable' }, 'a live one needs it')
})

t.test('system tokens of before the migration are told apart afterwards', async (t) => {
  const url = await freshDatabase(t)
  const client = await connected(t, url)
  const scripts = readdirSync(migrations).toSorted()
  const run = async (files: readonly string[]) => {
    for (const file of files)
      await client.query(`BEGIN; ${readFileSync(join(migrations, file), 'utf8')}; COMMIT`)
  }
  await run(scripts.filter((file) => file < '005'))
  await client.query(`
    INSERT INTO subjects (id, name, kind, created_at) VALUES (gen_random_uuid(), 'system', 'system', now());
    INSERT INTO tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, description, created_at,
      created_by, sealed_text, revoked_at, revoked_by, revoked_cause)
    SELECT gen_random_uuid(), 'k1', sha256(coalesce(at::text, 'live')::bytea), 'system', subjects.id, '{}', '{}', 'owner', '', now(),
      'root', 'sealed', at, CASE WHEN at IS NOT NULL THEN 'root' END, CASE WHEN at IS NOT NULL THEN '' END
    FROM subjects, (VALUES (now()), (now() - interval '1 day'), (NULL)) AS revocations (at)`)
  await run(scripts.filter((file) => file >= '005'))
  const store = opened(t, url)
  t.match(await store.systemToken(), { sealedText: 'sealed', token: { revokedAt: undefined } })
  t.equal((await store.listTokens(revoked)).length, 2)
  await store.revokeToken((await store.systemToken())?.token.id ?? '', revocation)
  t.equal(await store.systemToken(), undefined)
  const kept = await client.query("SELECT count(*) AS texts FROM tokens WHERE sealed_text <> ''")
  t.match(kept.rows, [{ texts: '0' }], 'the text of a revoked system token is not kept')
})
