/**
 * Every statement that PostgreSQL is asked, each with what it guarantees and the index it goes through.
 * @module
 */

import type { QueryConfig } from 'pg'
import { foreignKeyId } from '../../foreign/foreign-digest.ts'
import type { TokenFilter } from '../../ports.ts'
import { listStatement } from '../list-statement.ts'
import { subjectColumns, tokenColumns } from '../stored-token.ts'

const tokensWithSubjects = 'tokens JOIN subjects ON subjects.id = tokens.subject_id'

/**
 * Another server than was meant yields no row, which is no answer: a replica may not have heard of the last changes
 * yet, one that was promoted is a replica no longer, and a copy of the database is none.
 */
const only = {
  primary: 'WHERE NOT pg_is_in_recovery()',
  replica: `WHERE pg_is_in_recovery() AND starts_with(change_line.server, change_database())`,
} as const
type Role = keyof typeof only

/** What every look-up shows of the change clock: its version, and the line that this counts on. */
export const clockColumns = 'change_clock.version, change_line.mark AS line'
export const clock = 'change_clock CROSS JOIN change_line'

/**
 * The record of a credential and the change clock in one snapshot; one row always, with nulls when there is
 * no such token, but none from the other role. Index `tokens_by_digest`, once for each key of the ring.
 */
export const findOn = (role: Role): string => `
SELECT ${clockColumns}, found.*
FROM ${clock}
LEFT JOIN LATERAL (
  SELECT tokens.key_id, tokens.digest, ${tokenColumns}
  FROM unnest($1::text[], $2::bytea[]) AS presented (key_id, digest)
  JOIN tokens ON tokens.digest = presented.digest AND tokens.key_id = presented.key_id
  JOIN subjects ON subjects.id = tokens.subject_id
) AS found ON true
${only[role]}`

/** As `findOn`, by the id of the record. Primary key. */
export const findByIdOn = (role: Role): string => `
SELECT ${clockColumns}, found.*
FROM ${clock}
LEFT JOIN LATERAL (
  SELECT tokens.key_id, ${tokenColumns} FROM ${tokensWithSubjects} WHERE tokens.id = $1
) AS found ON true
${only[role]}`

/** The clock, and whether its line is that of the server that answers. None from a replica. */
export const readClock = `
SELECT ${clockColumns}, change_line.server AS marked_on, change_server() AS server FROM ${clock} ${only.primary}`

/** The clock as a replica has it, and whether the server ends statements that take too long. None from a primary. */
export const replicaClock = `
SELECT ${clockColumns}, current_setting('statement_timeout') <> '0' AS has_deadline FROM ${clock} ${only.replica}`

/**
 * A new line for the server of that name; of those who come at once one makes it. Does not wait for a synchronous
 * replica, which a server that was just promoted may not have yet.
 */
export const markLine = `
WITH alone AS (SELECT set_config('synchronous_commit', 'local', true))
UPDATE change_line SET server = $1, mark = gen_random_uuid() FROM alone WHERE server <> $1`

/** Rising order of version, through the primary key. */
export const changesAfter = `
SELECT version, token_id, subject_id, changed_at FROM token_changes WHERE version > $1 ORDER BY version LIMIT $2`

export const addToken = `
INSERT INTO tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, networks, paths,
  description, created_at, created_by, expires_at, sealed_text,
  parent_id, rotated_from)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`

/** Primary key. */
export const showToken = `SELECT ${tokenColumns} FROM ${tokensWithSubjects} WHERE tokens.id = $1`

/** With `few`, only these ids are looked at. */
export function listTokens(filter: TokenFilter, few?: readonly string[]): QueryConfig {
  const values: unknown[] = []
  const add = (value: unknown) => `$${values.push(value)}`
  const binder = { value: add, time: (at: number) => add(new Date(at)), revoked: 'revoked_tokens' }
  const among = few && `tokens.id = ANY(${add(few)}::uuid[])`
  return { text: listStatement(filter, binder, among), values }
}

/**
 * The tick of the change clock, last in its transaction: the clock's row stays locked from here to the
 * commit, and every change waits for it.
 */
export const recordChange = `
WITH tick AS (UPDATE change_clock SET version = version + 1 RETURNING version)
INSERT INTO token_changes (version, token_id, subject_id)
SELECT version, $1, $2 FROM tick`

/** One pass through the tables: no index is worth its cost for a question that is asked once in a rotation. */
export const countByKey = `
SELECT key_id, sum(tokens) AS tokens, bool_or(has_system_token) AS has_system_token, sum(logins) AS logins
FROM (
  SELECT key_id, count(*) AS tokens, bool_or(kind = 'system') AS has_system_token, 0 AS logins
  FROM tokens
  WHERE key_id <> '${foreignKeyId}' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)
  GROUP BY key_id
  UNION ALL
  SELECT key_id, 0, false, count(*) FROM upstream_logins GROUP BY key_id
) AS uses
GROUP BY key_id ORDER BY key_id`

/** Index `tokens_live_system`. */
export const systemToken = `
SELECT ${tokenColumns}, tokens.sealed_text FROM ${tokensWithSubjects}
WHERE tokens.kind = 'system' AND tokens.sealed_text <> ''`

/** Yields no row when the name is taken; index `subjects_by_name`. */
export const addSubject = `
INSERT INTO subjects (id, name, kind, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) WHERE status <> 'deleted' DO NOTHING
RETURNING ${subjectColumns}`

/** Index `subjects_by_name`. */
export const findSubject = `
SELECT ${subjectColumns} FROM subjects WHERE name = $1 AND status <> 'deleted'`

/** Newest first by id; primary key. */
export const listSubjects = `
SELECT ${subjectColumns} FROM subjects
WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3`

/** Yields no row when the status is that already; index `subjects_by_name`. */
export const setSubjectStatus = `
UPDATE subjects SET status = $2 WHERE name = $1 AND status <> 'deleted' AND status <> $2
RETURNING ${subjectColumns}`

/** Yields a row to one of all who ask within the interval: the others wait for its lock, and look again. Primary key. */
export const beginTask = `
UPDATE scheduled_tasks SET begun_at = now() WHERE name = $1 AND begun_at <= now() - $2 * interval '1 millisecond'
RETURNING name`
