/**
 * The record of tokens in one SQLite file, which several processes of one machine share.
 * @module
 */

import { checkPage } from './page.ts'
import type {
  Digests,
  NewToken,
  Reading,
  TokenChange,
  TokenFilter,
  TokenRegistry,
  TokenStore,
} from './ports.ts'
import { digestBytes, readReading, readVersion } from './reading.ts'
import { isRecordId } from './record-id.ts'
import { type Parameters as Named, SqliteConnection } from './sqlite-connection.ts'
import * as sql from './sqlite-sql.ts'
import type { StoreOptions } from './store-options.ts'
import { readChange, readSubject, readToken, type StoredForms } from './stored-token.ts'
import { asBindings, asTextList, fail, type StoredRow, textIn } from './stored-value.ts'
import type { Subject, Token } from './token.ts'

/** SQLite's few types: times are whole milliseconds, lists and bindings JSON text. */
const forms: StoredForms = {
  time: (row, column) => {
    const value = row[column]
    if (value === null) return undefined
    return Number.isSafeInteger(value) ? Number(value) : fail(column)
  },
  list: (row, column) => (row[column] === null ? undefined : asTextList(parsedIn(row, column), column)),
  bindings: (row, column) => asBindings(parsedIn(row, column), column),
}

/** Synchronous underneath: a look-up takes some ten microseconds, less than handing it to another thread. */
export class SqliteTokenStore implements TokenStore {
  readonly technology = 'sqlite'
  readonly #connection: SqliteConnection
  readonly #onQuery: (operation: string) => void

  /** Opens the file at once. The schema must be up to date before the first question. */
  constructor(settings: { readonly path: string }, { onQuery = () => {} }: StoreOptions = {}) {
    this.#connection = new SqliteConnection(settings.path)
    this.#onQuery = onQuery
  }

  async find(digests: Digests): Promise<Reading> {
    this.#onQuery('find')
    const presented = digests.map(({ keyId, value }) => ({ keyId, hex: digestBytes(value).toString('hex') }))
    const rows = this.#connection.ask(sql.find, { digests: JSON.stringify(presented) })
    return readReading(rows, digests, forms)
  }

  async currentVersion(signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted()
    this.#onQuery('currentVersion')
    return readVersion(this.#connection.ask(sql.currentVersion))
  }

  async changesAfter(version: number, limit: number, signal?: AbortSignal): Promise<readonly TokenChange[]> {
    checkPage({ limit })
    signal?.throwIfAborted()
    this.#onQuery('changesAfter')
    return this.#connection.ask(sql.changesAfter, { version, limit }).map(readChange)
  }

  async ping(): Promise<void> {
    this.#onQuery('ping')
    this.#connection.ask(sql.ping)
  }

  async addToken(token: NewToken): Promise<Token> {
    this.#onQuery('addToken')
    return this.#connection.transaction(() => {
      this.#connection.ask(sql.addToken, rowOf(token))
      return this.#show(token.id) ?? fail('id')
    })
  }

  async listTokens(filter: TokenFilter): Promise<readonly Token[]> {
    checkPage(filter)
    this.#onQuery('listTokens')
    const { text, parameters } = sql.listTokens(filter)
    const rows = this.#connection.ask(text, parameters)
    return rows.map((row) => readToken(row, forms))
  }

  async showToken(id: string): Promise<Token | undefined> {
    if (!isRecordId(id)) return undefined
    this.#onQuery('showToken')
    return this.#show(id)
  }

  async revokeToken(
    id: string,
    act: { readonly at: number; readonly by: string; readonly cause: string },
  ): ReturnType<TokenRegistry['revokeToken']> {
    this.#onQuery('revokeToken')
    return this.#connection.transaction(() => {
      const { at, by, cause } = act
      const [revoked] = this.#connection.ask(sql.revokeToken, { id, at, by, cause })
      const token = this.#show(id)
      if (token === undefined) return { outcome: 'unknown' }
      if (revoked === undefined) return { outcome: 'already', token }
      this.#recordChange({ tokenId: id, subjectId: null })
      return { outcome: 'revoked', token }
    })
  }

  async systemToken(): ReturnType<TokenRegistry['systemToken']> {
    this.#onQuery('systemToken')
    const [row] = this.#connection.ask(sql.systemToken)
    return row && { token: readToken(row, forms), sealedText: textIn(row, 'sealed_text') }
  }

  async addSubject(
    subject: Parameters<TokenRegistry['addSubject']>[0],
  ): ReturnType<TokenRegistry['addSubject']> {
    this.#onQuery('addSubject')
    const { id, name, kind, createdAt } = subject
    const [added] = this.#connection.ask(sql.addSubject, { id, name, kind, createdAt })
    return added && this.#subject(name)
  }

  async findSubject(name: string): Promise<Subject | undefined> {
    this.#onQuery('findSubject')
    return this.#subject(name)
  }

  async listSubjects(filter: Parameters<TokenRegistry['listSubjects']>[0]): Promise<readonly Subject[]> {
    checkPage(filter)
    this.#onQuery('listSubjects')
    const { status = null, after = null, limit } = filter
    const rows = this.#connection.ask(sql.listSubjects, { status, after, limit })
    return rows.map((row) => readSubject(row, forms))
  }

  async setSubjectStatus(name: string, status: 'active' | 'disabled'): Promise<Subject | undefined> {
    this.#onQuery('setSubjectStatus')
    return this.#connection.transaction(() => {
      const [changed] = this.#connection.ask(sql.setSubjectStatus, { name, status })
      const subject = this.#subject(name)
      if (changed && subject) this.#recordChange({ tokenId: null, subjectId: subject.id })
      return subject
    })
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  #show(id: string): Token | undefined {
    const [row] = this.#connection.ask(sql.showToken, { id })
    return row && readToken(row, forms)
  }

  #subject(name: string): Subject | undefined {
    const [row] = this.#connection.ask(sql.findSubject, { name })
    return row && readSubject(row, forms)
  }

  #recordChange(changed: { readonly tokenId: string | null; readonly subjectId: string | null }): void {
    this.#connection.ask(sql.tick)
    this.#connection.ask(sql.recordChange, changed)
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

function rowOf({ digest, networks, paths, expiresAt, sealedText, ...token }: NewToken): Named {
  return {
    ...token,
    keyId: digest.keyId,
    digest: digestBytes(digest.value),
    scopes: JSON.stringify(token.scopes),
    bindings: JSON.stringify(token.bindings),
    networks: networks === undefined ? null : JSON.stringify(networks),
    paths: paths === undefined ? null : JSON.stringify(paths),
    expiresAt: expiresAt ?? null,
    sealedText: sealedText ?? null,
  }
}
