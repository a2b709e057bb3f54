/**
 * Rows of tokens in SQLite, written and read inside whichever transaction is under way.
 * @module
 */

import type { Act } from '../../../audit/entry.ts'
import { type NewToken, ParentUnfit } from '../../ports.ts'
import type { Token } from '../../token.ts'
import { digestBytes } from '../reading.ts'
import { readToken, type StoredForms } from '../stored-token.ts'
import { asBindings, asTextList, fail, type StoredRow, textIn } from '../stored-value.ts'
import type { Parameters, SqliteConnection } from './sqlite-connection.ts'
import { fitParent } from './sqlite-lives-sql.ts'
import * as sql from './sqlite-sql.ts'

/** SQLite's few types: times are whole milliseconds, lists and bindings JSON text. */
export const sqliteForms: StoredForms = {
  time: (row, column) => {
    const value = row[column]
    if (value === null) return undefined
    return Number.isSafeInteger(value) ? Number(value) : fail(column)
  },
  list: (row, column) => (row[column] === null ? undefined : asTextList(parsedIn(row, column), column)),
  bindings: (row, column) => asBindings(parsedIn(row, column), column),
}

export function showRow(connection: SqliteConnection, id: string): Token | undefined {
  const [row] = connection.ask(sql.showToken, { id })
  return row && readToken(row, sqliteForms)
}

/** Throws `ParentUnfit`. */
export function insertRow(connection: SqliteConnection, token: NewToken, act: Act): Token {
  const { id, subjectId, parentId, expiresAt = null } = token
  if (parentId !== undefined) {
    const [parent] = connection.ask(fitParent, { parentId, subjectId, expiresAt })
    if (parent === undefined) throw new ParentUnfit('no live token that lives so long to derive from')
  }
  connection.ask(sql.addToken, parametersOf(token, act))
  return showRow(connection, id) ?? fail('id')
}

/** For a change of one token, or of all tokens of a subject; once or more in a transaction. */
export function recordChange(
  connection: SqliteConnection,
  changed: { readonly tokenId: string | null; readonly subjectId: string | null },
): void {
  connection.ask(sql.tick)
  connection.ask(sql.recordChange, changed)
}

function parametersOf(
  { digest, networks, paths, expiresAt, sealedText, ...token }: NewToken,
  { at, by }: Act,
): Parameters {
  return {
    ...token,
    createdAt: at,
    createdBy: by,
    keyId: digest.keyId,
    digest: digestBytes(digest.value),
    scopes: JSON.stringify(token.scopes),
    bindings: JSON.stringify(token.bindings),
    networks: networks === undefined ? null : JSON.stringify(networks),
    paths: paths === undefined ? null : JSON.stringify(paths),
    expiresAt: expiresAt ?? null,
    sealedText: sealedText ?? null,
    parentId: token.parentId ?? null,
    rotatedFrom: token.rotatedFrom ?? null,
  }
}

function parsedIn(row: StoredRow, column: string): unknown {
  const text = textIn(row, column)
  try {
    return JSON.parse(text)
  } catch {
    return fail(column)
  }
}
