/**
 * What every token store guarantees of the chain of its audit record: numbers without a gap, whole pages, and that
 * whatever is done to it past the gateway is found.
 * @module
 */

import type { Test } from 'tap'
import { extendChain, hashOf } from '../../../src/audit/chain.ts'
import { type Done, decodeEntry } from '../../../src/audit/entry.ts'
import { verifyTrail } from '../../../src/audit/verify-trail.ts'
import { purgeTokens } from '../../../src/tokens/life/purge-tokens.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { act, chainOf, entriesOf } from './audit-scene.ts'
import { addToken, type Database, keyRing, type NewDatabase, revocation, start } from './contract-database.ts'

const dayMs = 86_400_000

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testAuditChain(t: Test, newDatabase: NewDatabase): void {
  t.test('writers at once give every entry a number of its own, without a gap', (t) =>
    writers(t, newDatabase),
  )
  t.test('pages are whole while others write', (t) => pages(t, newDatabase))
  t.test('whatever is done past the gateway is found, and the entry named', (t) => tampering(t, newDatabase))
  t.test('the database itself refuses changes that are made by mistake', (t) => guards(t, newDatabase))
  t.test('retention removes the oldest, and the rest still fits', (t) => retention(t, newDatabase))
  t.test('one of many replicas is told to do a task, once in an interval', (t) => tasks(t, newDatabase))
}

async function writers(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const stores = [database.open(), database.open(), database.open()]
  await addToken(stores[0] as TokenStore)
  await Promise.all(
    stores.flatMap((store) =>
      Array.from({ length: 30 }, async (_, index) => {
        const { token } = await addToken(store)
        if (index % 3 === 0) await store.revokeToken(token.id, revocation)
        if (index % 3 === 1)
          await store.setSubjectStatus('test:tester', index % 2 ? 'disabled' : 'active', act)
      }),
    ),
  )
  const numbers = (await entriesOf(stores[0] as TokenStore)).map(({ seq }) => seq)
  t.same(
    numbers,
    numbers.map((_, index) => index + 1),
  )
  t.ok(numbers.length >= 122)
  t.equal((await verifyTrail((stores[1] as TokenStore).audit, keyRing)).fault, undefined)
}

async function pages(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const [writer, reader] = [database.open(), database.open()]
  await chainOf(writer, 40)
  const writing = chainOf(writer, 60)
  const seen: number[] = []
  while (seen.length < 100) {
    const page = await reader.audit.entries({ after: seen.at(-1) ?? 0, limit: 7 })
    seen.push(...page.map(({ seq }) => seq))
  }
  await writing
  t.same(
    seen,
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  const period = { since: start + 10, until: start + 12, limit: 10 }
  t.same(
    (await reader.audit.entries({ after: 0, ...period })).map(({ seq }) => seq),
    [11, 12, 51, 52],
  )
  t.same(
    (await reader.audit.latest(3)).map(({ seq }) => seq),
    [98, 99, 100],
  )
  await t.rejects(reader.audit.entries({ after: 0, limit: 0 }), RangeError)
}

const unguard = {
  postgres: `
ALTER TABLE audit_entries DISABLE TRIGGER USER; ALTER TABLE audit_head DISABLE TRIGGER USER;`,
  sqlite: `
DROP TRIGGER audit_entries_stay; DROP TRIGGER audit_entries_stay_all; DROP TRIGGER audit_head_stays;`,
}

async function tampering(t: Test, newDatabase: NewDatabase): Promise<void> {
  const forgedEntry = async (store: TokenStore, done: Done) => {
    const { seq, hash, seal } = await store.audit.head()
    const ring = { currentKeyId: () => 'k1', sealOf: () => 'f'.repeat(64) }
    return extendChain({ seq, hash, seal }, ring, act, done)
  }
  const put = ({ seq, entry, hash }: { seq: number; entry: string; hash: string }) =>
    `INSERT INTO audit_entries (seq, entry, hash) VALUES (${seq}, '${entry}', '${hash}')`
  const edited = "replace(CAST(entry AS text), 'alice', 'bob')"
  const attacks: Record<
    string,
    { seq: number; what: string; sql: (store: TokenStore, isPostgres: boolean) => Promise<string> | string }
  > = {
    'an edited entry': {
      seq: 5,
      what: 'edited',
      sql: (_, isPostgres) =>
        `UPDATE audit_entries SET entry = ${isPostgres ? `${edited}::json` : edited} WHERE seq = 5`,
    },
    'an edited entry with its hash': {
      seq: 5,
      what: 'replaced',
      sql: async (store, isPostgres) => {
        const [row] = await store.audit.entries({ after: 4, limit: 1 })
        const entry = (row?.entry ?? '').replace('alice', 'bob')
        const hash = hashOf(entry)
        return `UPDATE audit_entries SET entry = '${entry}'${isPostgres ? '::json' : ''}, hash = '${hash}' WHERE seq = 5`
      },
    },
    'a removed entry': { seq: 6, what: 'removed', sql: () => 'DELETE FROM audit_entries WHERE seq = 6' },
    'the oldest removed': { seq: 1, what: 'removed', sql: () => 'DELETE FROM audit_entries WHERE seq < 3' },
    'two that changed places': {
      seq: 4,
      what: 'moved',
      sql: () => `UPDATE audit_entries SET seq = 99 WHERE seq = 4; UPDATE audit_entries SET seq = 4 WHERE seq = 5;
UPDATE audit_entries SET seq = 5 WHERE seq = 99`,
    },
    'one behind the head': {
      seq: 13,
      what: 'inserted',
      sql: async (store) => put(await forgedEntry(store, { deed: 'token_issued' })),
    },
    'one behind the head, and the head with it': {
      seq: 13,
      what: 'unsealed',
      sql: async (store) => {
        const link = await forgedEntry(store, { deed: 'token_issued' })
        return `${put(link)}; UPDATE audit_head SET seq = ${link.seq}, hash = '${link.hash}', seal = '${link.seal}'`
      },
    },
    'a cut tail': { seq: 11, what: 'removed', sql: () => 'DELETE FROM audit_entries WHERE seq > 10' },
    'a cut tail, and the head set back': {
      seq: 10,
      what: 'unsealed',
      sql: async (store) => {
        const [row] = await store.audit.entries({ after: 9, limit: 1 })
        return `DELETE FROM audit_entries WHERE seq > 10; UPDATE audit_head SET seq = 10, hash = '${row?.hash}'`
      },
    },
  }
  for (const [name, { seq, what, sql }] of Object.entries(attacks)) {
    for (const goesOn of [false, true]) {
      const database: Database = await newDatabase(t)
      const store = database.open()
      await chainOf(store, 12)
      t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
      const isPostgres = store.technology === 'postgres'
      await database.execute(unguard[store.technology])
      await database.execute(await sql(store, isPostgres))
      // The gateway goes on; a number that is taken twice is refused by the database.
      if (goesOn) await chainOf(store, 2).catch(() => {})
      const { fault } = await verifyTrail(store.audit, keyRing)
      t.match(
        fault,
        goesOn && what === 'removed' ? { seq } : { seq, what },
        `${name}${goesOn ? ', and more after it' : ''}`,
      )
    }
  }
}

async function guards(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const store = database.open()
  await chainOf(store, 3)
  for (const sql of [
    "UPDATE audit_entries SET hash = 'x' WHERE seq = 1",
    'DELETE FROM audit_entries WHERE seq = 3',
    'DELETE FROM audit_entries',
    'UPDATE audit_head SET seq = 1',
    'UPDATE audit_head SET kept_from = 9',
    'DELETE FROM audit_head',
    ...(store.technology === 'postgres' ? ['TRUNCATE audit_entries', 'TRUNCATE audit_head'] : []),
  ]) {
    await t.rejects(database.execute(sql), { message: /only ever/ }, sql)
  }
  t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
}

async function retention(t: Test, newDatabase: NewDatabase): Promise<void> {
  const store = (await newDatabase(t)).open()
  await chainOf(store, 10)
  const young = { by: 'gateway', origin: 'test', cause: '', at: start + dayMs }
  t.equal(await store.audit.prune(start, young), 0)
  t.equal((await store.audit.head()).seq, 10, 'nothing to remove leaves nothing')
  t.equal(await store.audit.prune(start + 4, young), 4)
  const [oldest] = await store.audit.entries({ after: 0, limit: 1 })
  t.equal(oldest?.seq, 5)
  t.match(decodeEntry((await store.audit.latest(1))[0]?.entry ?? ''), {
    deed: 'audit_pruned',
    by: 'gateway',
    details: { keptFrom: 5 },
  })
  t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
  t.equal(
    await store.audit.prune(start + dayMs + 1, { ...young, at: start + dayMs * 2 }),
    6,
    'the last one stays',
  )
  const whole = await verifyTrail(store.audit, keyRing)
  t.match(whole, { fault: undefined, entries: 2, head: { seq: 12 } })
  const { head } = whole
  t.equal((await verifyTrail(store.audit, keyRing, { expected: head })).fault, undefined)
  const cases = [
    [
      { seq: 13, hash: head.hash },
      { seq: 13, what: 'removed' },
    ],
    [
      { seq: 12, hash: 'f'.repeat(64) },
      { seq: 12, what: 'replaced' },
    ],
    [
      { seq: 2, hash: head.hash },
      { seq: 2, what: 'removed' },
    ],
  ] as const
  for (const [expected, fault] of cases) {
    t.match((await verifyTrail(store.audit, keyRing, { expected })).fault, fault)
  }
  const aborted = { olderThanMs: 0, auditOlderThanMs: 0, by: 'x', origin: 'x', signal: AbortSignal.abort() }
  t.same(await purgeTokens(store, { now: () => start * 2 }, aborted), {
    tokens: 0,
    changes: 0,
    auditEntries: 0,
  })
}

async function tasks(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const stores = [database.open(), database.open(), database.open()]
  const all = async (everyMs: number) => {
    const told = await Promise.all(
      stores.flatMap((store) => [1, 2, 3].map(() => store.beginTask('purge', everyMs))),
    )
    return told.filter(Boolean).length
  }
  t.equal(await all(dayMs), 1)
  t.equal(await all(dayMs), 0)
  const past = stores[0]?.technology === 'postgres' ? "now() - interval '1 day'" : 'begun_at - 86400000'
  await database.execute(`UPDATE scheduled_tasks SET begun_at = ${past}`)
  t.equal(await all(2 * dayMs), 0)
  t.equal(await all(dayMs), 1)
}
