/**
 * Logins of subjects at upstreams, in SQLite.
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
import type { SqliteAuditTrail } from './sqlite-audit-trail.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { recordChange } from './sqlite-token-rows.ts'

/** Primary key. */
const read = `SELECT ${loginColumns} FROM upstream_logins WHERE subject_id = $subjectId AND upstream = $upstream`

/** Writes nothing for a subject that is deleted: no login outlives its subject. */
const put = `
INSERT INTO upstream_logins (subject_id, upstream, key_id, sealed, updated_at, revision)
SELECT id, $upstream, $keyId, $sealed, $updatedAt, $revision
FROM subjects WHERE id = $subjectId AND status <> 'deleted'
ON CONFLICT (subject_id, upstream) DO UPDATE SET
  key_id = excluded.key_id, sealed = excluded.sealed, updated_at = excluded.updated_at, revision = excluded.revision
RETURNING revision`

/** Primary key. */
const replace = `
UPDATE upstream_logins SET key_id = $keyId, sealed = $sealed, updated_at = $updatedAt, revision = $revision
WHERE subject_id = $subjectId AND upstream = $upstream AND ($replacing IS NULL OR revision = $replacing)
RETURNING revision`

/** Primary key. */
const remove = `
DELETE FROM upstream_logins
WHERE subject_id = $subjectId AND upstream = $upstream AND ($revision IS NULL OR revision = $revision)
RETURNING subject_id`

/** `$subjectIds` is a JSON list. Primary key. */
const list = `
SELECT subject_id, upstream, updated_at FROM upstream_logins
WHERE subject_id IN (SELECT value FROM json_each($subjectIds))
ORDER BY upstream, subject_id`

/** Index `upstream_logins_by_key`. */
const listUnder = `
SELECT ${loginColumns} FROM upstream_logins
WHERE key_id = $keyId AND ($subjectId IS NULL OR (subject_id, upstream) > ($subjectId, $upstream))
ORDER BY subject_id, upstream LIMIT $limit`

/** All logins of a subject, in the transaction that deletes it. */
export const removeLogins = 'DELETE FROM upstream_logins WHERE subject_id = $subjectId'

export interface SqliteLoginOptions {
  readonly connection: SqliteConnection
  readonly onQuery: (operation: string) => void
  readonly forms: StoredForms
  readonly audit: SqliteAuditTrail
}

export class SqliteUpstreamLogins implements LoginRecord {
  readonly #options: SqliteLoginOptions

  constructor(options: SqliteLoginOptions) {
    this.#options = options
  }

  async read(subjectId: string, upstream: string): Promise<StoredLogin | undefined> {
    const { connection, onQuery, forms } = this.#options
    onQuery('readLogin')
    const [row] = connection.ask(read, { subjectId, upstream })
    return row && readLogin(row, forms)
  }

  async write(
    { subjectId, upstream, keyId, sealed, updatedAt }: SealedLogin,
    { replacing, renewing, announced = false, act }: WriteOptions = {},
  ): Promise<string | undefined> {
    const { connection, onQuery } = this.#options
    onQuery('writeLogin')
    const revision = randomUUID()
    const row = { subjectId, upstream, keyId, sealed, updatedAt, revision }
    const inPlace = replacing !== undefined || renewing
    const write = () =>
      inPlace ? connection.ask(replace, { ...row, replacing: replacing ?? null }) : connection.ask(put, row)
    const entry = act && { act, done: deeds.loginKept(row) }
    const isWritten = this.#change(() => write().length > 0, announced ? subjectId : undefined, entry)
    return isWritten ? revision : undefined
  }

  async remove(subjectId: string, upstream: string, act: Act, removal: Removal = {}): Promise<boolean> {
    const { connection, onQuery } = this.#options
    onQuery('removeLogin')
    const row = { subjectId, upstream, revision: removal.revision ?? null }
    const entry = { act, done: deeds.loginRemoved(subjectId, upstream, removal) }
    return this.#change(() => connection.ask(remove, row).length > 0, subjectId, entry)
  }

  async list(subjectIds: readonly string[]): Promise<readonly LoginNote[]> {
    const { connection, onQuery, forms } = this.#options
    onQuery('listLogins')
    const rows = connection.ask(list, { subjectIds: JSON.stringify(subjectIds) })
    return rows.map((row) => readLoginNote(row, forms))
  }

  async listUnder(
    keyId: string,
    limit: number,
    after?: Pick<SealedLogin, 'subjectId' | 'upstream'>,
  ): Promise<readonly StoredLogin[]> {
    const { connection, onQuery, forms } = this.#options
    onQuery('listLoginsUnder')
    const { subjectId = null, upstream = null } = after ?? {}
    const rows = connection.ask(listUnder, { keyId, limit, subjectId, upstream })
    return rows.map((row) => readLogin(row, forms))
  }

  /** Whether `work` changed something; then the change of the subject and the entry are recorded with it, where there are such. */
  #change(
    work: () => boolean,
    changedSubjectId: string | undefined,
    entry: { readonly act: Act; readonly done: Done } | undefined,
  ): boolean {
    const { connection, audit } = this.#options
    return connection.transaction(() => {
      const isDone = work()
      if (isDone && changedSubjectId !== undefined) {
        recordChange(connection, { tokenId: null, subjectId: changedSubjectId })
      }
      if (isDone && entry !== undefined) audit.append(entry.act, entry.done)
      return isDone
    })
  }
}
