/**
 * The statement that lists tokens, which both databases read alike: only the conditions that the filter asks for,
 * so that the planner sees which index serves them.
 * @module
 */

import type { TokenFilter } from '../ports.ts'
import { tokenColumns } from './stored-token.ts'

/** Adds a parameter to a statement and returns its placeholder. */
export interface Binder {
  value(value: string | number): string
  /** Milliseconds since the epoch. */
  time(at: number): string
  /** A table with the `token_id` of each revoked token, where there is one; else an index has them. */
  readonly revoked?: string
}

/**
 * Newest first by id, which is unique: a page neither repeats nor misses a row, whatever is issued meanwhile. Primary
 * key, `tokens_by_subject`, `tokens_by_kind`, `tokens_by_parent`, or that of `token_bindings`; for revoked tokens of all
 * sorts `tokens_revoked`, or the table in its place. `among` is one more condition.
 */
export function listStatement(filter: TokenFilter, bind: Binder, among = 'true'): string {
  const { binding, subject, kind, parentId, limit } = filter
  const isNarrowed = (binding ?? subject ?? kind ?? parentId) !== undefined
  const walked = filter.state === 'revoked' && !isNarrowed ? bind.revoked : undefined
  const joined = ['subjects ON subjects.id = tokens.subject_id']
  // The column that the index in use is in the order of.
  let id = 'tokens.id'
  if (binding !== undefined) {
    joined.push('token_bindings AS bound ON bound.token_id = tokens.id')
    id = 'bound.token_id'
  } else if (walked !== undefined) {
    joined.push(`${walked} AS ended ON ended.token_id = tokens.id`)
    id = 'ended.token_id'
  }
  return `
SELECT ${tokenColumns} FROM ${['tokens', ...joined].join(' JOIN ')}
WHERE ${[among, ...conditions(filter, id, bind)].join(' AND ')}
ORDER BY ${id} DESC LIMIT ${bind.value(limit)}`
}

/** A subject is the one that bears the name now, not a deleted one. */
function conditions(filter: TokenFilter, id: string, bind: Binder): string[] {
  const { subject, kind, binding, parentId, keyId, after } = filter
  const conditions = [stateCondition(filter, bind)]
  if (subject !== undefined) {
    conditions.push(
      `tokens.subject_id = (SELECT id FROM subjects WHERE name = ${bind.value(subject)} AND status <> 'deleted')`,
    )
  }
  if (kind !== undefined) conditions.push(`tokens.kind = ${bind.value(kind)}`)
  if (binding !== undefined) {
    conditions.push(`bound.key = ${bind.value(binding.key)} AND bound.value = ${bind.value(binding.value)}`)
  }
  if (parentId !== undefined) conditions.push(`tokens.parent_id = ${bind.value(parentId)}`)
  if (keyId !== undefined) conditions.push(`tokens.key_id = ${bind.value(keyId)}`)
  if (after !== undefined) {
    // Of both columns where there are two: planners hand on what is equal, but not what is less.
    for (const column of new Set([id, 'tokens.id'])) conditions.push(`${column} < ${bind.value(after)}`)
  }
  return conditions
}

/** «active» is what `tokenState` calls so: tokens of a disabled subject are listed only under «all». */
function stateCondition({ state, now }: TokenFilter, bind: Binder): string {
  switch (state) {
    case 'active':
      return `tokens.revoked_at IS NULL AND subjects.status = 'active'
  AND (tokens.expires_at IS NULL OR tokens.expires_at > ${bind.time(now)})`
    case 'expired':
      return `tokens.revoked_at IS NULL AND tokens.expires_at <= ${bind.time(now)}`
    case 'revoked':
      return 'tokens.revoked_at IS NOT NULL'
    case 'all':
      return 'true'
    default:
      throw new RangeError(`no such state of a token: ${state satisfies never}`)
  }
}
