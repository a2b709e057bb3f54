/**
 * How SQLite goes about lists, groups and purges: along an index, without sorting.
 * @module
 */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { ofToken } from '../../../src/tokens/stores/sqlite/sqlite-audit-trail.ts'
import type { Parameters } from '../../../src/tokens/stores/sqlite/sqlite-connection.ts'
import {
  endFamilies,
  nextOfGroup,
  purgeDead,
  purgeExpired,
  recordUses,
} from '../../../src/tokens/stores/sqlite/sqlite-lives-sql.ts'
import { listTokens } from '../../../src/tokens/stores/sqlite/sqlite-sql.ts'

t.test('no page, batch or look-up reads the whole record, nor sorts', async (t) => {
  const path = join(t.testdir(), 'tokens.db')
  await migrate({ sqlite: { path } })
  const database = new DatabaseSync(path)
  t.teardown(() => database.close())
  const explain = (text: string, parameters: Parameters) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${text}`)
      .all({ ...parameters })
      .map(({ detail }) => detail)
      .join('\n')

  const after = '00000000-0000-7000-8000-000000010000'
  const page = { state: 'all', now: 1, limit: 50, after } as const
  const binding = { key: 'project', value: 'p0' }
  const byDeath = { before: 1, limit: 10 }
  const cases: [what: string, query: { text: string; parameters: Parameters }, index: RegExp][] = [
    ['newest', listTokens(page), /SEARCH tokens USING INDEX sqlite_autoindex_tokens_1 \(id<\?\)/],
    [
      'acts on a token',
      { text: ofToken, parameters: { tokenId: 't7', limit: 20 } },
      /SEARCH audit_entries USING INDEX audit_entries_by_token/,
    ],
    ['of a subject', listTokens({ ...page, subject: 's' }), /tokens_by_subject \(subject_id=\? AND id<\?\)/],
    ['derived', listTokens({ ...page, parentId: after }), /tokens_by_parent \(parent_id=\? AND id<\?\)/],
    [
      'of a binding',
      listTokens({ ...page, binding }),
      /bound USING .*\(key=\? AND value=\? AND token_id<\?\)/,
    ],
    ['group of a binding', nextOfGroup({ binding }, after, 9), /\(key=\? AND value=\? AND token_id>\?\)/],
    ['group of an issuer', nextOfGroup({ createdBy: 'i' }, after, 9), /\(created_by=\? AND id>\?\)/],
    ['group of a subject', nextOfGroup({ subjectId: after }, after, 9), /\(subject_id=\? AND id>\?\)/],
    ['purge', { text: purgeDead, parameters: byDeath }, /tokens_by_death/],
    [
      'purge of a kind',
      { text: purgeExpired, parameters: { kind: 'session', before: 1, limit: 9 } },
      /tokens_by_kind/,
    ],
    [
      'families',
      { text: endFamilies, parameters: { ids: '[]', until: 1 } },
      /tokens_by_parent \(parent_id=\?\)/,
    ],
    ['last uses', { text: recordUses, parameters: { uses: '[]' } }, /SEARCH tokens .*\(id=\?\)/],
  ]
  for (const [what, { text, parameters }, index] of cases) {
    const plan = explain(text, parameters)
    t.match(plan, index, what)
    t.notMatch(plan, /SCAN (tokens|bound|subjects)|USE TEMP B-TREE FOR ORDER BY/, `${what}\n${plan}`)
  }
})
