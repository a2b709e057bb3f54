/**
 * Pages of tokens from PostgreSQL. A page is read along an index, newest first, past the tokens in another state.
 * Where those that are sought are few among many, that would be a way through the whole record; so it is first asked
 * whether they are few, and then they are taken one by one.
 * @module
 */

import type { TokenFilter } from '../../ports.ts'
import type { Token } from '../../token.ts'
import { readToken } from '../stored-token.ts'
import { textIn } from '../stored-value.ts'
import type { PostgresConnections } from './postgres-connections.ts'
import { listTokens } from './postgres-sql.ts'
import { postgresForms } from './postgres-token-rows.ts'

/** Deadline of a page: a key's last tokens may lie behind millions of others. */
const pageMs = 30_000
/** More tokens than this are not few. */
const fewMax = 2_000

/** The next two share index `tokens_by_expiry`, in whose order they read no more rows than they yield. */
const expiredOfKind = `
SELECT id FROM tokens WHERE kind = $1 AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3`

export const unexpiredOfKind = `
(SELECT id FROM tokens WHERE kind = $1 AND expires_at > $2 ORDER BY expires_at, id LIMIT $3)
UNION ALL (SELECT id FROM tokens WHERE kind = $1 AND expires_at IS NULL ORDER BY expires_at, id LIMIT $3)
LIMIT $3`

export async function listPage(
  connections: PostgresConnections,
  filter: TokenFilter,
): Promise<readonly Token[]> {
  const few = await fewCandidates(connections, filter)
  const rows = await connections.askAtLength(listTokens(filter, few), pageMs)
  return rows.map((row) => readToken(row, postgresForms))
}

/** The ids among which every token is that the filter asks for; `undefined` where they are not known to be few. */
async function fewCandidates(
  connections: PostgresConnections,
  { state, kind, subject, binding, parentId, now }: TokenFilter,
): Promise<readonly string[] | undefined> {
  const isNarrowed = subject !== undefined || binding !== undefined || parentId !== undefined
  if (kind === undefined || isNarrowed || (state !== 'active' && state !== 'expired')) return undefined
  const text = state === 'active' ? unexpiredOfKind : expiredOfKind
  const rows = await connections.ask({ text, values: [kind, new Date(now), fewMax + 1] })
  return rows.length > fewMax ? undefined : rows.map((row) => textIn(row, 'id'))
}
