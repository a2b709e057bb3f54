/**
 * Logins of subjects at upstreams, in PostgreSQL.
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Act, Done } from '../../../audit/entry.ts'
import type {
  LoginNote,
  LoginRecord,
  Removal,
  SealedLogin,
  StoredLogin,
  WriteOptions,
} from '../../upstream-logins/login-record.ts'
import * as deeds from '../deeds.ts'
import { loginColumns, readLogin, readLoginNote } from '../read-login.ts'
import type { StoredForms } from '../stored-token.ts'
import type { PostgresAuditTrail } from './postgres-audit-trail.ts'
import type { Ask, PostgresConnections } from './postgres-connections.ts'
import { recordChange } from './postgres-sql.ts'

/** Primary key. */
const read = `SELECT ${loginColumns} FROM upstream_logins WHERE subject_id = $1 AND upstream = $2`

/** Whoever deletes the subject waits for this, or this finds it deleted: no login outlives its subject. */
const put = `
INSERT INTO upstream_logins (subject_id, upstream, key_id, sealed, updated_at, revision)
SELECT id, $2, $3, $4::bytea, $5::timestamptz, $6::uuid FROM subjects WHERE id = $1 AND status <> 'deleted' FOR SHARE
ON CONFLICT (subject_id, upstream) DO UPDATE SET
  key_id = excluded.key_id, sealed = excluded.sealed, updated_at = excluded.updated_at, revision = excluded.revision
RETURNING revision`

/** Primary key. */
const replace = `
UPDATE upstream_logins SET key_id = $3, sealed = $4, updated_at = $5, revision = $6
WHERE subject_id = $1 AND upstream = $2 AND ($7::uuid IS NULL OR revision = $7)
RETURNING revision`

/** Primary key. */
const remove = `
DELETE FROM upstream_logins WHERE subject_id = $1 AND upstream = $2 AND ($3::uuid IS NULL OR revision = $3)
RETURNING subject_id`

/** Primary key. */
const list = `
SELECT subject_id, upstream, updated_at FROM upstream_logins WHERE subject_id = ANY ($1::uuid[])
ORDER BY upstream, subject_id`

/** Index `upstream_logins_by_key`. */
const listUnder = `
SELECT ${loginColumns} FROM upstream_logins
WHERE key_id = $1 AND ($3::uuid IS NULL OR (subject_id, upstream) > ($3, $4::text))
ORDER BY subject_id, upstream LIMIT $2`

/** All logins of a subject, in the transaction that deletes it. */
export const removeLogins = 'DELETE FROM upstream_logins WHERE subject_id = $1'

export interface PostgresLoginOptions {
  readonly connections: PostgresConnections
  readonly onQuery: (operation: string) => void
  readonly forms: StoredForms
  readonly audit: PostgresAuditTrail
}

export class PostgresUpstreamLogins implements LoginRecord {
  readonly #options: PostgresLoginOptions

  constructor(options: PostgresLoginOptions) {
    this.#options = options
  }

  async read(subjectId: string, upstream: string): Promise<StoredLogin | undefined> {
    const { connections, onQuery, forms } = this.#options
    onQuery('readLogin')
    const [row] = await connections.ask({ name: 'readLogin', text: read, values: [subjectId, upstream] })
    return row && readLogin(row, forms)
  }

  async write(
    login: SealedLogin,
    { replacing, renewing, announced = false, act }: WriteOptions = {},
  ): Promise<string | undefined> {
    const { connections, onQuery } = this.#options
    onQuery('writeLogin')
    const revision = randomUUID()
    const { subjectId, upstream, keyId, sealed, updatedAt } = login
    const values = [subjectId, upstream, keyId, sealed, new Date(updatedAt), revision]
    const inPlace = replacing !== undefined || renewing
    const statement = inPlace
      ? { text: replace, values: [...values, replacing ?? null] }
      : { text: put, values }
    const write = async (ask: Ask) => (await ask(statement)).length > 0
    const entry = act && { act, done: deeds.loginKept(login) }
    const isWritten =
      announced || entry !== undefined
        ? await this.#change(write, announced ? subjectId : undefined, entry)
        : await write(connections.ask)
    return isWritten ? revision : undefined
  }

  async remove(subjectId: string, upstream: string, act: Act, removal: Removal = {}): Promise<boolean> {
    this.#options.onQuery('removeLogin')
    const query = { text: remove, values: [subjectId, upstream, removal.revision ?? null] }
    const entry = { act, done: deeds.loginRemoved(subjectId, upstream, removal) }
    return this.#change(async (ask) => (await ask(query)).length > 0, subjectId, entry)
  }

  async list(subjectIds: readonly string[]): Promise<readonly LoginNote[]> {
    const { connections, onQuery, forms } = this.#options
    onQuery('listLogins')
    const rows = await connections.ask({ text: list, values: [subjectIds] })
    return rows.map((row) => readLoginNote(row, forms))
  }

  async listUnder(
    keyId: string,
    limit: number,
    after?: Pick<SealedLogin, 'subjectId' | 'upstream'>,
  ): Promise<readonly StoredLogin[]> {
    const { connections, onQuery, forms } = this.#options
    onQuery('listLoginsUnder')
    const values = [keyId, limit, after?.subjectId ?? null, after?.upstream ?? null]
    return (await connections.ask({ text: listUnder, values })).map((row) => readLogin(row, forms))
  }

  /**
   * Whether `work` changed something; then the change of the subject and the entry are recorded with it, where there are
   * such. They come last, because both rows stay locked from there to the commit.
   */
  #change(
    work: (ask: Ask) => Promise<boolean>,
    changedSubjectId: string | undefined,
    entry: { readonly act: Act; readonly done: Done } | undefined,
  ): Promise<boolean> {
    const { connections, audit } = this.#options
    return connections.transaction(async (ask) => {
      const isDone = await work(ask)
      if (isDone && changedSubjectId !== undefined) {
        await ask({ text: recordChange, values: [null, changedSubjectId] })
      }
      if (isDone && entry !== undefined) await audit.append(ask, entry.act, entry.done)
      return isDone
    })
  }
}
