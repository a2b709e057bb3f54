/**
 * Rows of tokens in PostgreSQL, written and read inside whichever transaction `ask` belongs to.
 * @module
 */

import type { Act } from '../../../audit/entry.ts'
import { type Digests, type NewToken, ParentUnfit } from '../../ports.ts'
import { isRecordId } from '../../record-id.ts'
import type { Token } from '../../token.ts'
import { digestBytes } from '../reading.ts'
import { readToken, type StoredForms } from '../stored-token.ts'
import { asBindings, asTextList, fail } from '../stored-value.ts'
import type { Ask } from './postgres-connections.ts'
import { fitParent } from './postgres-lives-sql.ts'
import * as sql from './postgres-sql.ts'

/** PostgreSQL's own types: `timestamptz` is a `Date`, `text[]` an array, `jsonb` a parsed value. */
export const postgresForms: StoredForms = {
  time: (row, column) => {
    const value = row[column]
    if (value === null) return undefined
    return value instanceof Date ? value.getTime() : fail(column)
  },
  list: (row, column) => (row[column] === null ? undefined : asTextList(row[column], column)),
  bindings: (row, column) => asBindings(row[column], column),
}

export async function showRow(ask: Ask, id: string): Promise<Token | undefined> {
  const [row] = await ask({ text: sql.showToken, values: [id] })
  return row && readToken(row, postgresForms)
}

/** Throws `ParentUnfit`. With a parent, nothing can happen to that before the transaction ends. */
export async function insertRow(ask: Ask, token: NewToken, act: Act): Promise<Token> {
  const { id, subjectId, parentId } = token
  if (parentId !== undefined) {
    const [parent] = await ask({
      text: fitParent,
      values: [parentId, subjectId, timeOrNull(token.expiresAt)],
    })
    if (parent === undefined) throw new ParentUnfit('no live token that lives so long to derive from')
  }
  await ask({ text: sql.addToken, values: parametersOf(token, act) })
  return (await showRow(ask, id)) ?? fail('id')
}

/** The parameters of `findOn`. */
export function digestParameters(digests: Digests): unknown[] {
  return [digests.map(({ keyId }) => keyId), digests.map(({ value }) => digestBytes(value))]
}

/** The parameter of `findByIdOn`: what is no id finds nothing. */
export function idParameters(id: string): unknown[] {
  return [isRecordId(id) ? id : null]
}

/** The parameters of `addToken` in their order. */
function parametersOf(token: NewToken, { at, by }: Act): unknown[] {
  const { id, digest, kind, subjectId, scopes, bindings, access, networks, paths } = token
  const identity = [id, digest.keyId, digestBytes(digest.value), kind, subjectId]
  const rights = [scopes, JSON.stringify(bindings), access, networks ?? null, paths ?? null]
  const history = [token.description, new Date(at), by, timeOrNull(token.expiresAt)]
  const origin = [token.parentId ?? null, token.rotatedFrom ?? null]
  return [...identity, ...rights, ...history, token.sealedText ?? null, ...origin]
}

function timeOrNull(at: number | undefined): Date | null {
  return at === undefined ? null : new Date(at)
}
