/**
 * The statements that end, replace and remove tokens in PostgreSQL, each with what it guarantees and the index it
 * goes through. Rows are locked in the order of their ids.
 * @module
 */

import type { QueryConfig } from 'pg'
import type { TokenGroup } from '../../ports.ts'
import { tokenKinds } from '../../token.ts'
import { groupMembers } from '../group-members.ts'

/**
 * First in a transaction that changes several tokens: these wait for each other here, with nothing in hand, and can
 * never come to wait for each other in a circle.
 */
export const takeClock = 'SELECT version FROM change_clock FOR UPDATE'

/** Yields the row of a parent that may have such a child, and keeps it as it is until the child is recorded. */
export const fitParent = `
SELECT id FROM tokens
WHERE id = $1 AND subject_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at >= $3)
FOR SHARE`

/** No index of `tokens` has any of these columns, so that the update moves none; a trigger adds to `revoked_tokens`. */
const asRevoked = 'revoked_at = $2, revoked_by = $3, revoked_cause = $4'

/** Yields what is revoked now and was not before; primary key. */
export const revoke = `
UPDATE tokens SET ${asRevoked}
WHERE id = ANY(ARRAY(
  SELECT id FROM tokens WHERE id = ANY($1::uuid[]) AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE
))
RETURNING id`

/**
 * The next generation. The parents are locked by the transaction, so that nothing is derived from them meanwhile.
 * Index `tokens_by_parent`.
 */
export const revokeDerived = `
UPDATE tokens SET ${asRevoked}
WHERE parent_id = ANY($1::uuid[]) AND revoked_at IS NULL
RETURNING id`

/** The next tokens of a group, past those that are revoked, which may be millions: nothing is locked meanwhile. */
export function nextOfGroup(group: TokenGroup, after: string, limit: number): QueryConfig {
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const { tables, where, id } = groupMembers(group, bind)
  const text = `
SELECT tokens.id FROM ${tables} WHERE ${where} AND ${id} > ${bind(after)}
ORDER BY ${id} LIMIT ${bind(limit)}`
  return { text, values }
}

/**
 * What took the place of these tokens and is of the group too, past what is revoked. Primary key, once for each step of
 * succession, and the index of the group.
 */
export function successorsInGroup(group: TokenGroup, ids: readonly string[]): QueryConfig {
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const { tables, where, id } = groupMembers(group, bind)
  const text = `
SELECT tokens.id FROM ${tables} WHERE ${where} AND ${id} = ANY(ARRAY(
  WITH RECURSIVE successors (id) AS (
    SELECT rotated_to FROM tokens AS former WHERE former.id = ANY(${bind(ids)}::uuid[]) AND rotated_to IS NOT NULL
    UNION
    SELECT later.rotated_to FROM successors JOIN tokens AS later ON later.id = successors.id
    WHERE later.rotated_to IS NOT NULL
  )
  SELECT id FROM successors
))`
  return { text, values }
}

export function countGroup(group: TokenGroup): QueryConfig {
  const values: unknown[] = []
  const { tables, where } = groupMembers(group, (value) => `$${values.push(value)}`)
  return { text: `SELECT count(*) AS tokens FROM ${tables} WHERE ${where}`, values }
}

/** To the moment $1, in milliseconds since the epoch, which no count of changes comes to; on, and never back. */
export const leapClock = 'UPDATE change_clock SET version = GREATEST(version, $1::bigint) + 1'

/** A change for each token, in one move of the clock. */
export const recordChanges = `
WITH tick AS (UPDATE change_clock SET version = version + cardinality($1::uuid[]) RETURNING version)
INSERT INTO token_changes (version, token_id)
SELECT tick.version - cardinality($1::uuid[]) + changed.place, changed.token_id
FROM tick, unnest($1::uuid[]) WITH ORDINALITY AS changed (token_id, place)`

/** Yields no row unless the token is live and was never rotated; LEAST passes over null. Primary key. */
export const endRotated = `
UPDATE tokens SET rotated_to = $2, expires_at = LEAST(expires_at, $3)
WHERE id = $1 AND revoked_at IS NULL AND rotated_to IS NULL AND (expires_at IS NULL OR expires_at > $4)
RETURNING id`

/** The next generation of those that would outlive what they were derived from; index `tokens_by_parent`. */
export const endDerived = `
UPDATE tokens SET expires_at = $2
WHERE parent_id = ANY($1::uuid[]) AND revoked_at IS NULL AND expires_at > $2
RETURNING id`

/** A row that somebody else is changing is passed over rather than waited for: a use is no reason to wait. */
export const recordUses = `
WITH used AS (
  SELECT DISTINCT ON (token_id) token_id, at, address
  FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS used (token_id, at, address)
  ORDER BY token_id, at DESC
), free AS (
  SELECT tokens.id, used.at, used.address FROM used JOIN tokens ON tokens.id = used.token_id
  WHERE tokens.last_used_at IS NULL OR tokens.last_used_at < used.at
  FOR NO KEY UPDATE OF tokens SKIP LOCKED
)
UPDATE tokens SET last_used_at = free.at, last_used_address = free.address
FROM free WHERE tokens.id = free.id`

/** As a list of text: `tokens_by_expiry` begins with the kind. */
const everyKind = `ARRAY[${tokenKinds.map((kind) => `'${kind}'`).join(', ')}]`

/** Index `foreign_tokens_by_token`. */
const isOurs = (id: string) => `NOT EXISTS (SELECT FROM foreign_tokens WHERE foreign_tokens.token_id = ${id})`

/** Indices `tokens_by_expiry` and `revoked_tokens_by_age`. */
export const countDead = `
SELECT expired.tokens + revoked.tokens AS tokens
FROM (SELECT count(*) AS tokens FROM tokens
   WHERE kind = ANY(${everyKind}) AND expires_at < $1 AND ${isOurs('tokens.id')}) AS expired,
  (SELECT count(*) AS tokens FROM revoked_tokens JOIN tokens ON tokens.id = revoked_tokens.token_id
   WHERE revoked_tokens.revoked_at < $1 AND (tokens.expires_at IS NULL OR tokens.expires_at >= $1)
     AND ${isOurs('tokens.id')}) AS revoked`

const isRemovable = (id: string) =>
  `${isOurs(id)} AND NOT EXISTS (SELECT FROM tokens AS derived WHERE derived.parent_id = ${id})`

/**
 * At most so many, the longest dead first; those that others were derived from go after these. Indices
 * `tokens_by_expiry`, once for each kind, and `revoked_tokens_by_age`.
 */
export const purgeDead = `
DELETE FROM tokens WHERE id = ANY(ARRAY(
  SELECT id FROM (
    SELECT expired.id, expired.died_at
    FROM unnest(${everyKind}) AS every (kind) CROSS JOIN LATERAL (
      SELECT tokens.id, tokens.expires_at AS died_at FROM tokens
      WHERE tokens.kind = every.kind AND tokens.expires_at < $1 AND ${isRemovable('tokens.id')}
      ORDER BY tokens.expires_at LIMIT $2
    ) AS expired
    UNION ALL (
      SELECT token_id, revoked_at FROM revoked_tokens
      WHERE revoked_at < $1 AND ${isRemovable('revoked_tokens.token_id')}
      ORDER BY revoked_at LIMIT $2
    )
  ) AS dead
  GROUP BY id ORDER BY min(died_at) LIMIT $2
))
RETURNING id`

/** Of one kind, at most so many, the longest expired first. Index `tokens_by_expiry`. */
export const purgeExpired = `
DELETE FROM tokens WHERE id = ANY(ARRAY(
  SELECT tokens.id FROM tokens
  WHERE tokens.kind = $1 AND tokens.expires_at < $2 AND ${isRemovable('tokens.id')}
  ORDER BY tokens.expires_at LIMIT $3
))
RETURNING id`

/** At most so many, the oldest first; index `token_changes_by_age`. */
export const pruneChanges = `
DELETE FROM token_changes WHERE version = ANY(ARRAY(
  SELECT version FROM token_changes WHERE changed_at < $1 ORDER BY changed_at LIMIT $2
))
RETURNING version`
