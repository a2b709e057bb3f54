/**
 * Migrations of both databases, and the choice between them.
 * @module
 */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { StoreSettings } from '../../../src/config/schema/tokens.ts'
import { migrate, pendingMigrations } from '../../../src/database/migrate.ts'
import { openTokenStore } from '../../../src/tokens/open-token-store.ts'
import { freshDatabase } from '../../support/postgres.ts'

interface Case {
  readonly settings: StoreSettings
  execute(sql: string): Promise<void>
}

const common = { migrations: 'auto', outageGrace: 0 } as const

const databases: Record<string, (t: Test) => Promise<Case>> = {
  PostgreSQL: async (t) => {
    const url = await freshDatabase(t)
    return {
      settings: { ...common, postgres: { url, connections: 1, timeout: 2000 } },
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
      settings: { ...common, sqlite: { path } },
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
    t.same(await pendingMigrations(settings), ['001 tokens'])
    t.same(await pendingMigrations(settings), ['001 tokens'], 'asking changes nothing')
    t.same(await migrate(settings), ['001 tokens'])
    t.same(await migrate(settings), [])
    t.same(await pendingMigrations(settings), [])
    const store = openTokenStore(settings)
    t.equal(await store.currentVersion(), 0)
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

  t.test(`${name}: a migration that fails half-way leaves nothing behind`, async (t) => {
    const { settings, execute } = await newCase(t)
    await execute('CREATE TABLE change_clock (only_row integer)')
    await t.rejects(migrate(settings), { message: /change_clock.* already exists/ })
    await execute('DROP TABLE change_clock')
    t.same(await migrate(settings), ['001 tokens'])
  })
}

t.test('many replicas may migrate PostgreSQL at once, and one of them does', async (t) => {
  const { settings } = (await databases.PostgreSQL?.(t)) ?? { settings: common }
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(settings)))
  t.same(applied.flat(), ['001 tokens'])
})

t.test('exactly one store is opened', async (t) => {
  const postgres = { url: 'postgres://u@h/d', connections: 1, timeout: 1000 }
  t.throws(() => openTokenStore(common), { message: /give «postgres» or «sqlite»/ })
  t.throws(() => openTokenStore({ ...common, postgres, sqlite: { path: 'x' } }), { message: /remove one/ })
})
