/**
 * Keys that nobody can use any more are kept as a trail for a while, and then removed.
 * @module
 */

import t from 'tap'
import { purgeTokens } from '../../../src/tokens/life/purge-tokens.ts'
import { addToken, type NewDatabase, start } from '../../integration/store/contract-database.ts'
import { newPostgresDatabase } from '../../integration/store/postgres-database.ts'
import { newSqliteDatabase } from '../../integration/store/sqlite-database.ts'

const dayMs = 86_400_000
const stores: Readonly<Record<string, NewDatabase>> = {
  PostgreSQL: newPostgresDatabase,
  SQLite: newSqliteDatabase,
}

for (const [name, newDatabase] of Object.entries(stores)) {
  t.test(
    `R27 on ${name} a clean-up removes what was revoked or has expired long ago, and nothing else`,
    async (t) => {
      const store = (await newDatabase(t)).open()
      const key = async (createdAt: number, lifetimeMs: number) =>
        (await addToken(store, { kind: 'build', createdAt, expiresAt: createdAt + lifetimeMs })).token.id
      const recent = start - dayMs
      const old = start - 8 * dayMs
      const revoked = async (createdAt: number) => {
        const id = await key(createdAt, 30 * dayMs)
        await store.revokeToken(id, { at: createdAt + 1, by: 'builder', origin: 'test', cause: '' })
        return id
      }
      const kept = [
        await revoked(recent),
        await key(recent, 1),
        await key(recent, 30 * dayMs),
        await key(old, 30 * dayMs),
      ]
      const gone = [await revoked(old), await key(old, 1)]

      const request = { olderThanMs: 7 * dayMs, by: 'root', origin: 'test' }
      t.match(await purgeTokens(store, { now: () => start }, request), { tokens: 2 })
      const left = await store.listTokens({ state: 'all', now: start, limit: 10 })
      t.strictSame(left.map(({ id }) => id).toSorted(), kept.toSorted())
      for (const id of gone) t.equal(await store.showToken(id), undefined)
    },
  )
}
