/**
 * How many rows PostgreSQL reads for a page of a large record, by its own count: as many as the page, the group or the
 * few that it is about have, never so many as the record.
 * @module
 */

import pg from 'pg'
import t, { type Test } from 'tap'
import { fill } from '../../../bench/scale/fill.ts'
import {
  largeProject,
  largeSubject,
  Population,
  projectName,
  rareKind,
  subjectName,
  worn,
} from '../../../bench/scale/population.ts'
import { settle } from '../../../bench/scale/store-size.ts'
import { migrate } from '../../../src/database/migrate.ts'
import type { TokenFilter } from '../../../src/tokens/ports.ts'
import { PostgresTokenStore } from '../../../src/tokens/stores/postgres/postgres-token-store.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { until } from '../../support/until.ts'

const size = 50_000
/** More than the largest group has and than are few; a twentieth of the record. */
const rowsMax = size / 20

/** Every row that was read of the tables of tokens, be it from the table or from an index, since the server began. */
const rowsRead = `
SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname <> 'subjects')
     + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname <> 'subjects') AS rows,
  (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sallyport' AND datname = current_database()) AS stores`

const states = ['all', 'active', 'revoked', 'expired'] as const
const project = { binding: { key: 'project', value: projectName(largeProject) } }
const filters: Record<string, Partial<TokenFilter>> = {
  'every token': {},
  'a large subject': { subject: subjectName(largeSubject) },
  'a subject with few live tokens': { subject: subjectName(worn) },
  'a small subject': { subject: subjectName(900) },
  'a large project': project,
  'an unknown subject': { subject: 'nobody' },
  'an unknown project': { binding: { key: 'project', value: 'nothing' } },
  'a common kind': { kind: 'personal' },
  'a kind that soon expires': { kind: 'build' },
  'a kind that does not expire': { kind: 'dsn' },
  'a rare kind': { kind: rareKind },
  'a kind that nobody has': { kind: 'system' },
  'a kind of a large subject': { subject: subjectName(largeSubject), kind: 'deploy' },
  'a kind of a large project': { ...project, kind: 'group' },
}

t.test('no page of a list reads the record, whatever is asked for', async (t) => {
  const population = new Population(size, Date.now())
  const url = await filledDatabase(t, population)
  const count = await rowCounter(t, url)
  for (const [what, filter] of Object.entries(filters)) {
    for (const state of states) {
      for (const after of [undefined, population.idAt(0.5), population.idAt(0.02)]) {
        const page = { ...filter, state, now: population.now, limit: 50, ...(after && { after }) }
        const rows = await count((store) => store.listTokens(page))
        t.ok(rows <= rowsMax, `${what}, ${state}, ${after ?? 'newest'}: ${rows} rows`)
      }
    }
  }
  const id = population.spread(7).id
  const parent = await count((store) =>
    store.listTokens({ state: 'all', parentId: id, now: population.now, limit: 50 }),
  )
  t.ok(parent <= 100, `what was derived from one: ${parent} rows`)
  t.ok((await count((store) => store.countByKey(population.now))) >= size, 'the count sees a whole pass')
})

async function filledDatabase(t: Test, population: Population): Promise<string> {
  const url = await freshDatabase(t)
  await migrate({ postgres: { url, connections: 1, timeout: 10_000 } })
  await fill(url, population, () => {})
  await settle(url)
  return url
}

/** Tells how many rows a store read; servers count them when a connection ends. */
async function rowCounter(t: Test, url: string) {
  const client = new pg.Client({ connectionString: url, query_timeout: 30_000 })
  await client.connect()
  t.teardown(() => client.end())
  const settled = async () => {
    let rows = 0
    await until(async () => {
      const [answer] = (await client.query<{ rows: string; stores: string }>(rowsRead)).rows
      rows = Number(answer?.rows)
      return Number(answer?.stores) === 0
    })
    return rows
  }
  return async (ask: (store: PostgresTokenStore) => Promise<unknown>): Promise<number> => {
    const before = await settled()
    const store = new PostgresTokenStore({ url, connections: 1, timeout: 10_000 })
    await ask(store).finally(() => store.close())
    return (await settled()) - before
  }
}
