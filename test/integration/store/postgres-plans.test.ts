/**
 * How PostgreSQL goes about lists, groups and purges in a large record: along an index, and no further than the
 * page is long.
 * @module
 */

import pg, { type QueryConfig } from 'pg'
import t, { type Test } from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { ofToken } from '../../../src/tokens/stores/postgres/postgres-audit-trail.ts'
import { unexpiredOfKind } from '../../../src/tokens/stores/postgres/postgres-lists.ts'
import {
  nextOfGroup,
  purgeDead,
  purgeExpired,
  recordUses,
  revokeDerived,
  successorsInGroup,
} from '../../../src/tokens/stores/postgres/postgres-lives-sql.ts'
import { findByIdOn, listTokens } from '../../../src/tokens/stores/postgres/postgres-sql.ts'
import { freshDatabase } from '../../support/postgres.ts'

const now = Date.UTC(2026, 0, 31)
const middle = '00000000-0000-7000-8000-000000010000'

/** 20,000 tokens, half of one subject, issuer and project; one in a hundred has expired. */
const fill = `
  INSERT INTO subjects (id, name, kind, created_at)
  SELECT gen_random_uuid(), 's' || n, 'user', now() FROM generate_series(0, 199) n;
  INSERT INTO tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, description, created_at,
    created_by, expires_at)
  SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'k1', sha256(n::text::bytea), 'personal',
    (SELECT id FROM subjects WHERE name = 's' || (n % 2) * (n % 200)), '{}',
    jsonb_build_object('project', jsonb_build_array('p' || (n % 2) * (n % 200))), 'read-only', '', now(),
    'i' || (n % 2) * (n % 200), CASE WHEN n % 100 = 0 THEN timestamptz '2026-01-01' END
  FROM generate_series(1, 20000) n;
  INSERT INTO audit_entries (seq, entry, hash)
  SELECT n, json_build_object('seq', n, 'tokenId', 't' || n % 5000), '' FROM generate_series(1, 20000) n;
  ANALYZE`

async function filled(t: Test): Promise<(query: QueryConfig) => Promise<string>> {
  const url = await freshDatabase(t)
  await migrate({ postgres: { url, connections: 1, timeout: 10_000 } })
  const client = new pg.Client({ connectionString: url, query_timeout: 30_000 })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(fill)
  return async ({ text, values }) => {
    const { rows } = await client.query(`EXPLAIN ${text}`, values)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
}

t.test('no page, batch or look-up reads the whole record, nor sorts more than it yields', async (t) => {
  const explain = await filled(t)
  const page = { state: 'all', now, limit: 50, after: middle } as const
  const binding = { key: 'project', value: 'p0' }
  const before = new Date(now)
  const cases: [what: string, query: QueryConfig, index: RegExp][] = [
    ['newest', listTokens(page), /tokens_pkey/],
    ['by its id', { text: findByIdOn('primary'), values: [middle] }, /tokens_pkey/],
    ['acts on a token', { text: ofToken, values: ['t7', 20] }, /audit_entries_by_token/],
    ['of a subject', listTokens({ ...page, subject: 's0' }), /tokens_by_subject|tokens_pkey/],
    ['of a binding', listTokens({ ...page, binding }), /token_bindings_pkey/],
    ['live of a binding', listTokens({ ...page, binding, state: 'active' }), /token_bindings_pkey/],
    ['expired', listTokens({ ...page, state: 'expired' }), /tokens_pkey/],
    ['group of a binding', nextOfGroup({ binding }, middle, 1000), /token_bindings_pkey/],
    ['successors in a group', successorsInGroup({ binding }, [middle]), /token_bindings_pkey/],
    ['group of an issuer', nextOfGroup({ createdBy: 'i0' }, middle, 1000), /tokens_by_issuer|tokens_pkey/],
  ]
  for (const [what, query, index] of cases) {
    const plan = await explain(query)
    t.match(plan, index, what)
    t.notMatch(plan, /Seq Scan on (tokens|token_bindings)|Sort/, `${what}\n${plan}`)
  }
  const others: [what: string, query: QueryConfig, index: RegExp][] = [
    ['of a rare kind', listTokens({ ...page, kind: 'admin' }), /tokens_by_kind/],
    ['few of a kind', { text: unexpiredOfKind, values: ['build', before, 2000] }, /tokens_by_expiry/],
    ['purge', { text: purgeDead, values: [before, 1000] }, /tokens_by_expiry/],
    ['purge of a kind', { text: purgeExpired, values: ['session', before, 1000] }, /tokens_by_expiry/],
    ['next generation', { text: revokeDerived, values: [[middle], before, 'root', ''] }, /tokens_by_parent/],
    ['last uses', { text: recordUses, values: [[middle], [before], ['']] }, /tokens_pkey/],
  ]
  for (const [what, query, index] of others) {
    const plan = await explain(query)
    t.match(plan, index, what)
    t.notMatch(plan, /Seq Scan on tokens/, `${what}\n${plan}`)
  }
})
