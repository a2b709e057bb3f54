/**
 * The statements that end, replace and remove tokens in SQLite, each with what it guarantees and the index it goes
 * through. Lists of ids are JSON; one transaction writes at a time, so that none of them can interleave.
 * @module
 */

import type { TokenGroup } from '../../ports.ts'
import { groupMembers } from '../group-members.ts'
import type { Parameters } from './sqlite-connection.ts'

/** Yields the row of a parent that may have such a child. */
export const fitParent = `
SELECT id FROM tokens
WHERE id = $parentId AND subject_id = $subjectId AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at >= $expiresAt)`

/** Tokens and all that was derived from them; index `tokens_by_parent`. */
const families = (ids: string) => `
WITH RECURSIVE family (id) AS (
  SELECT value FROM json_each(${ids})
  UNION
  SELECT tokens.id FROM family JOIN tokens ON tokens.parent_id = family.id
)`

/** Yields what is revoked now and was not before. */
export const revokeFamilies = `${families('$ids')}
UPDATE tokens SET revoked_at = $at, revoked_by = $by, revoked_cause = $cause
WHERE id IN (SELECT id FROM family) AND revoked_at IS NULL
RETURNING id`

export function nextOfGroup(group: TokenGroup, after: string, limit: number) {
  const { bind, parameters } = binder()
  const { tables, where, id } = groupMembers(group, bind)
  const text = `
SELECT tokens.id FROM ${tables} WHERE ${where} AND ${id} > ${bind(after)} ORDER BY ${id} LIMIT ${bind(limit)}`
  return { text, parameters }
}

export function countGroup(group: TokenGroup) {
  const { bind, parameters } = binder()
  const { tables, where } = groupMembers(group, bind)
  return { text: `SELECT count(*) AS tokens FROM ${tables} WHERE ${where}`, parameters }
}

/** To the moment `$at`, in milliseconds since the epoch, which no count of changes comes to; on, and never back. */
export const leapClock = 'UPDATE change_clock SET version = max(version, $at) + 1'

/** Yields no row unless the token is live and was never rotated. Primary key. */
export const endRotated = `
UPDATE tokens SET rotated_to = $next, expires_at = coalesce(min(expires_at, $until), $until)
WHERE id = $id AND revoked_at IS NULL AND rotated_to IS NULL AND (expires_at IS NULL OR expires_at > $at)
RETURNING id`

/** Whatever of a family would outlive `$until`. */
export const endFamilies = `${families('$ids')}
UPDATE tokens SET expires_at = $until
WHERE id IN (SELECT id FROM family) AND revoked_at IS NULL AND expires_at > $until
RETURNING id`

/** `$uses` is a JSON list of `{"tokenId","at","address"}`. With `max`, the other columns are those of its row. */
export const recordUses = `
UPDATE tokens SET last_used_at = used.at, last_used_address = used.address
FROM (
  SELECT value ->> 'tokenId' AS id, max(value ->> 'at') AS at, value ->> 'address' AS address
  FROM json_each($uses) GROUP BY value ->> 'tokenId'
) AS used
WHERE tokens.id = used.id AND (tokens.last_used_at IS NULL OR tokens.last_used_at < used.at)`

/** When a token died, as `tokens_by_death` has it. */
const death = 'coalesce(min(revoked_at, expires_at), revoked_at, expires_at)'

/** Index `foreign_tokens_by_token`. */
const isOurs = 'NOT EXISTS (SELECT 1 FROM foreign_tokens WHERE foreign_tokens.token_id = tokens.id)'

/** Index `tokens_by_death`. */
export const countDead = `SELECT count(*) AS tokens FROM tokens WHERE ${death} < $before AND ${isOurs}`

const isRemovable = `${isOurs}
    AND NOT EXISTS (SELECT 1 FROM tokens AS derived WHERE derived.parent_id = tokens.id)`

/** At most so many, the longest dead first; those that others were derived from go after these. Same index. */
export const purgeDead = `
DELETE FROM tokens WHERE id IN (
  SELECT id FROM tokens
  WHERE ${death} < $before AND ${isRemovable}
  ORDER BY ${death} LIMIT $limit
)
RETURNING id`

/** Of one kind, at most so many, the longest issued first, which are about the longest expired. Index `tokens_by_kind`. */
export const purgeExpired = `
DELETE FROM tokens WHERE id IN (
  SELECT id FROM tokens
  WHERE kind = $kind AND expires_at < $before AND ${isRemovable}
  ORDER BY id LIMIT $limit
)
RETURNING id`

/** At most so many, the oldest first; index `token_changes_by_age`. */
export const pruneChanges = `
DELETE FROM token_changes WHERE version IN (
  SELECT version FROM token_changes WHERE changed_at < $before ORDER BY changed_at LIMIT $limit
)
RETURNING version`

function binder() {
  const parameters: Record<string, string | number> = {}
  const bind = (value: string | number) => {
    const name = `$p${Object.keys(parameters).length}`
    parameters[name] = value
    return name
  }
  return { bind, parameters: parameters as Parameters }
}
