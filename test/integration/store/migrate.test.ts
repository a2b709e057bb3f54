/**
 * Migrations of both databases, and the choice between them.
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import t, { type Test } from 'tap'
import { migrate, pendingMigrations } from '../../../src/database/migrate.ts'
import type { StorePlace } from '../../../src/database/which-store.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { freshDatabase } from '../../support/postgres.ts'

interface Case {
  readonly settings: StorePlace
  execute(sql: string): Promise<void>
}

const folder = join(import.meta.dirname, '../../../src/database/migrations')

/** A token as the first migration had it, bound to two projects. */
const early = (digest: string) => `
  INSERT INTO subjects (id, name, kind, created_at)
  VALUES ('0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11', 'alice', 'user', $NOW);
  INSERT INTO tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, description, created_at, created_by)
  SELECT '0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c12', 'k1', ${digest}, 'personal', id, $LIST,
    '{"project":["pip","flask"]}', 'read-only', '', created_at, 'root'
  FROM subjects`

const both = [
  '001 tokens',
  '002 token-lives',
  '003 foreign-tokens',
  '004 audit',
  '005 flat-at-scale',
  '006 upstream-logins',
]
const everythingOf: Record<string, readonly string[]> = {
  PostgreSQL: [...both, '007 change-line'],
  SQLite: both,
}

const databases: Record<string, (t: Test) => Promise<Case>> = {
  PostgreSQL: async (t) => {
    const url = await freshDatabase(t)
    return {
      settings: { postgres: { url, connections: 1, timeout: 2000 } },
      execute: async (sql) => {
        const client = new pg.Client({ connectionString: url, query_timeout: 10_000 })
        await client.connect()
        await client.query(sql)
        await client.end()
      },
    }
  },
  SQLite: async (t) => {
    const path = join(t.testdir(), 'tokens.db')
    return {
      settings: { sqlite: { path } },
      execute: async (sql) => {
        const database = new DatabaseSync(path)
        database.exec(sql)
        database.close()
      },
    }
  },
}

for (const [name, newCase] of Object.entries(databases)) {
  t.test(`${name}: says what is pending, applies it once, and opens the store on it`, async (t) => {
    const { settings } = await newCase(t)
    const everything = everythingOf[name]
    t.same(await pendingMigrations(settings), everything)
    t.same(await pendingMigrations(settings), everything, 'asking changes nothing')
    t.same(await migrate(settings), everything)
    t.same(await migrate(settings), [])
    t.same(await pendingMigrations(settings), [])
    const store = openTokenStore(settings)
    t.equal((await store.readClock()).version, 0)
    await store.close()
  })

  t.test(`${name}: a database that a newer program migrated is refused`, async (t) => {
    const { settings, execute } = await newCase(t)
    await migrate(settings)
    await execute('INSERT INTO schema_version (version) VALUES (999)')
    await t.rejects(migrate(settings), { message: /schema version 999/ })
    await t.rejects(pendingMigrations(settings), { message: /schema version 999/ })
  })

  t.test(`${name}: a migration that was edited after it was applied is refused`, async (t) => {
    const { settings, execute } = await newCase(t)
    await migrate(settings)
    await execute("UPDATE schema_version SET md5 = 'other' WHERE version = 1")
    await t.rejects(migrate(settings), { message: /checksum failed/ })
  })

  t.test(`${name}: tokens that were recorded by the first release are found by their bindings`, async (t) => {
    const { settings, execute } = await newCase(t)
    const dialect = name.toLowerCase().replace('postgresql', 'postgres')
    const [first = '', ...later] = readdirSync(join(folder, dialect))
      .toSorted()
      .map((file) => readFileSync(join(folder, dialect, file), 'utf8'))
    const isPostgres = dialect === 'postgres'
    const insert = early(isPostgres ? "sha256('x')" : 'zeroblob(32)')
      .replace('$NOW', isPostgres ? 'now()' : '1')
      .replace('$LIST', isPostgres ? "'{}'" : "'[]'")
    for (const script of [first, insert, ...later]) await execute(script)
    const store = openTokenStore(settings)
    t.equal(await store.countTokens({ binding: { key: 'project', value: 'flask' } }), 1)
    t.match(
      await store.listTokens({
        state: 'active',
        now: 1,
        limit: 9,
        binding: { key: 'project', value: 'pip' },
      }),
      [{ createdBy: 'root', parentId: undefined, rotatedTo: undefined }],
    )
    await store.close()
  })

  t.test(`${name}: a migration that fails half-way leaves nothing behind`, async (t) => {
    const { settings, execute } = await newCase(t)
    await execute('CREATE TABLE change_clock (only_row integer)')
    await t.rejects(migrate(settings), { message: /change_clock.* already exists/ })
    await execute('DROP TABLE change_clock')
    t.same(await migrate(settings), everythingOf[name])
  })
}

t.test('many replicas may migrate PostgreSQL at once, and one of them does', async (t) => {
  const { settings } = (await databases.PostgreSQL?.(t)) ?? { settings: {} }
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(settings)))
  t.same(applied.flat(), everythingOf.PostgreSQL)
})

t.test('exactly one store is opened', async (t) => {
  const postgres = { url: 'postgres://u@h/d', connections: 1, timeout: 1000 }
  t.throws(() => openTokenStore({}), { message: /give «postgres» or «sqlite»/ })
  t.throws(() => openTokenStore({ postgres, sqlite: { path: 'x' } }), { message: /remove one/ })
})
