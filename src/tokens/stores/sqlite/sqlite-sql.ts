/**
 * Every statement that SQLite is asked, each with what it guarantees and the index it goes through.
 * @module
 */

import { foreignKeyId } from '../../foreign/foreign-digest.ts'
import type { TokenFilter } from '../../ports.ts'
import { listStatement } from '../list-statement.ts'
import { subjectColumns, tokenColumns } from '../stored-token.ts'
import type { Parameters } from './sqlite-connection.ts'

const tokensWithSubjects = 'tokens JOIN subjects ON subjects.id = tokens.subject_id'

/**
 * The record of a credential and the change clock in one snapshot; one row always, with nulls when there is
 * no such token. `$digests` is a JSON list of `{"keyId","hex"}`. Index `tokens_by_digest`, once for each key.
 */
export const find = `
SELECT change_clock.version, found.*
FROM change_clock
LEFT JOIN (
  SELECT tokens.key_id, tokens.digest, ${tokenColumns}
  FROM json_each($digests) AS presented
  CROSS JOIN tokens ON tokens.digest = unhex(presented.value ->> 'hex')
    AND tokens.key_id = presented.value ->> 'keyId'
  JOIN subjects ON subjects.id = tokens.subject_id
) AS found ON true`

/** As `find`, by the id of the record. Primary key. */
export const findById = `
SELECT change_clock.version, found.*
FROM change_clock
LEFT JOIN (
  SELECT tokens.key_id, ${tokenColumns} FROM ${tokensWithSubjects} WHERE tokens.id = $id
) AS found ON true`

export const readClock = 'SELECT version FROM change_clock'

/** Rising order of version, through the primary key. */
export const changesAfter = `
SELECT version, token_id, subject_id, changed_at FROM token_changes WHERE version > $version ORDER BY version LIMIT $limit`

/** Reads the head of the file, whatever its schema. */
export const ping = 'PRAGMA schema_version'

export const addToken = `
INSERT INTO tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, networks, paths,
  description, created_at, created_by, expires_at, sealed_text,
  parent_id, rotated_from)
VALUES ($id, $keyId, $digest, $kind, $subjectId, $scopes, $bindings, $access, $networks, $paths,
  $description, $createdAt, $createdBy, $expiresAt, $sealedText, $parentId, $rotatedFrom)`

/** Primary key. */
export const showToken = `SELECT ${tokenColumns} FROM ${tokensWithSubjects} WHERE tokens.id = $id`

export function listTokens(filter: TokenFilter): { readonly text: string; readonly parameters: Parameters } {
  const parameters: Record<string, string | number> = {}
  const add = (value: string | number) => {
    const name = `$p${Object.keys(parameters).length}`
    parameters[name] = value
    return name
  }
  return { text: listStatement(filter, { value: add, time: add }), parameters }
}

export const tick = 'UPDATE change_clock SET version = version + 1'

/** Follows `tick` in the same transaction. */
export const recordChange = `
INSERT INTO token_changes (version, token_id, subject_id)
SELECT version, $tokenId, $subjectId FROM change_clock`

/** One pass through the tables: no index is worth its cost for a question that is asked once in a rotation. */
export const countByKey = `
SELECT key_id, sum(tokens) AS tokens, max(has_system_token) AS has_system_token, sum(logins) AS logins
FROM (
  SELECT key_id, count(*) AS tokens, max(kind = 'system') AS has_system_token, 0 AS logins
  FROM tokens
  WHERE key_id <> '${foreignKeyId}' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $now)
  GROUP BY key_id
  UNION ALL
  SELECT key_id, 0, 0, count(*) FROM upstream_logins GROUP BY key_id
) AS uses
GROUP BY key_id ORDER BY key_id`

/** Index `tokens_live_system`. */
export const systemToken = `
SELECT ${tokenColumns}, tokens.sealed_text FROM ${tokensWithSubjects}
WHERE tokens.kind = 'system' AND tokens.revoked_at IS NULL`

/** Yields no row when the name is taken; index `subjects_by_name`. */
export const addSubject = `
INSERT INTO subjects (id, name, kind, created_at) VALUES ($id, $name, $kind, $createdAt)
ON CONFLICT (name) WHERE status <> 'deleted' DO NOTHING
RETURNING id`

/** Index `subjects_by_name`. */
export const findSubject = `
SELECT ${subjectColumns} FROM subjects WHERE name = $name AND status <> 'deleted'`

/** Newest first by id; primary key. */
export const listSubjects = `
SELECT ${subjectColumns} FROM subjects
WHERE ($status IS NULL OR status = $status) AND ($after IS NULL OR id < $after)
ORDER BY id DESC LIMIT $limit`

/** Yields no row when the status is that already; index `subjects_by_name`. */
export const setSubjectStatus = `
UPDATE subjects SET status = $status WHERE name = $name AND status <> 'deleted' AND status <> $status
RETURNING ${subjectColumns}`

/** Yields a row to one of all who ask within the interval. Primary key. */
export const beginTask = `
UPDATE scheduled_tasks SET begun_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE name = $task AND begun_at <= unixepoch('subsec') * 1000 - $everyMs
RETURNING name`
