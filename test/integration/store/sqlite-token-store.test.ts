/**
 * The token store on SQLite: the common guarantees, and several processes on one file.
 * @module
 */

import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { find } from '../../../src/tokens/stores/sqlite/sqlite-sql.ts'
import { addToken } from './contract-database.ts'
import { connected, newSqliteDatabase, opened } from './sqlite-database.ts'
import { testTokenStore } from './token-store-contract.ts'

testTokenStore(t, newSqliteDatabase)

t.test('several processes share one file, from its very making on', async (t) => {
  const path = join(t.testdir(), 'var', 'tokens.db')
  const program = join(import.meta.dirname, 'use-sqlite-store.ts')
  const runs = await Promise.all(
    [1, 2, 3, 4].map(() => promisify(execFile)(process.execPath, [program, path, '25'])),
  )
  const applied = runs.flatMap(({ stdout }) => JSON.parse(stdout).applied)
  const everything = [
    '001 tokens',
    '002 token-lives',
    '003 foreign-tokens',
    '004 audit',
    '005 flat-at-scale',
    '006 upstream-logins',
  ]
  t.same(applied, everything, 'one of them migrated')

  const registry = opened(t, path)
  t.equal((await registry.listTokens({ state: 'revoked', now: 0, limit: 1000 })).length, 100)
  t.equal((await registry.listSubjects({ limit: 10 })).length, 1)
  t.same(
    (await registry.changesAfter(0, 1000)).map(({ version }) => version),
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
})

t.test('file and folder are for their owner alone', async (t) => {
  const folder = join(t.testdir(), 'var')
  await migrate({ sqlite: { path: join(folder, 'tokens.db') } })
  await addToken(opened(t, join(folder, 'tokens.db')))
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of ['tokens.db', 'tokens.db-wal', 'tokens.db-shm']) {
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  }
})

t.test(
  'readers go on while another process writes, and a change that waits too long is unavailable',
  async (t) => {
    const path = join(t.testdir(), 'tokens.db')
    await migrate({ sqlite: { path } })
    const [registry, writer] = [opened(t, path), connected(t, path)]
    const { token, digests } = await addToken(registry)
    writer.exec('BEGIN IMMEDIATE')
    t.same(await registry.find(digests), { token, version: 0, keyId: 'k1' })
    const act = { at: 1, by: 'root', origin: 'test', cause: 'leaked' }
    await t.rejects(registry.revokeToken(token.id, act), { name: 'StoreUnavailable' })
    writer.exec('ROLLBACK')
    t.equal((await registry.revokeToken(token.id, act)).outcome, 'revoked')
  },
)

t.test('each key of a look-up is one step through the index of digests', async (t) => {
  const path = join(t.testdir(), 'tokens.db')
  await migrate({ sqlite: { path } })
  const plan = connected(t, path)
    .prepare(`EXPLAIN QUERY PLAN ${find}`)
    .all({ digests: '[]' })
    .map(({ detail }) => detail)
    .join('\n')
  t.match(plan, /SEARCH tokens USING INDEX tokens_by_digest \(digest=\? AND key_id=\?\)/)
  t.notMatch(plan, /SCAN (tokens|subjects)/)
})

t.test('a path that SQLite would take for something else is a file', async (t) => {
  const folder = t.testdir()
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  await migrate({ sqlite: { path: ':memory:' } })
  await addToken(opened(t, ':memory:'))
  t.ok(statSync(join(folder, ':memory:')).size > 0)
})
