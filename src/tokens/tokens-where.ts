/**
 * The conditions of a list of tokens, which both databases write alike: only those that the filter asks for,
 * so that the planner sees which index serves them.
 * @module
 */

import type { TokenFilter } from './ports.ts'

/** Adds a parameter to a statement and returns its placeholder. */
export interface Binder {
  value(value: string): string
  /** Milliseconds since the epoch. */
  time(at: number): string
}

/**
 * «active» is what `tokenState` calls so: tokens of a disabled subject are listed only under «all». A subject
 * is the one that bears the name now, not a deleted one.
 */
export function tokensWhere(filter: TokenFilter, bind: Binder): string {
  const { subject, kind, after } = filter
  const conditions = [stateCondition(filter, bind)]
  if (subject !== undefined) {
    conditions.push(
      `tokens.subject_id = (SELECT id FROM subjects WHERE name = ${bind.value(subject)} AND status <> 'deleted')`,
    )
  }
  if (kind !== undefined) conditions.push(`tokens.kind = ${bind.value(kind)}`)
  if (after !== undefined) conditions.push(`tokens.id < ${bind.value(after)}`)
  return conditions.join(' AND ')
}

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
