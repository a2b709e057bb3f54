/**
 * Which rows a group of tokens is, in words that both databases read alike.
 * @module
 */

import type { TokenGroup } from '../ports.ts'

export interface GroupMembers {
  /** What follows FROM. */
  readonly tables: string
  /** Every row but those that are revoked. */
  readonly where: string
  /** The column that the index in use is in the order of: the id of the token. */
  readonly id: string
}

/**
 * `bind` adds a parameter and returns its placeholder. `tokens_by_subject`, `tokens_by_issuer`, `token_bindings`, or the
 * primary key.
 */
export function groupMembers(group: TokenGroup, bind: (value: string) => string): GroupMembers {
  const live = 'tokens.revoked_at IS NULL'
  if ('subjectId' in group) {
    const where = `tokens.subject_id = ${bind(group.subjectId)} AND ${live}`
    return { tables: 'tokens', where, id: 'tokens.id' }
  }
  if ('createdBy' in group) {
    const where = `tokens.created_by = ${bind(group.createdBy)} AND ${live}`
    return { tables: 'tokens', where, id: 'tokens.id' }
  }
  if ('every' in group) return { tables: 'tokens', where: live, id: 'tokens.id' }
  const { key, value } = group.binding
  return {
    tables: 'token_bindings AS bound JOIN tokens ON tokens.id = bound.token_id',
    where: `bound.key = ${bind(key)} AND bound.value = ${bind(value)} AND ${live}`,
    id: 'bound.token_id',
  }
}
