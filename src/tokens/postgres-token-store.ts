/**
 * The record of tokens in PostgreSQL, which any number of replicas share.
 * @module
 */

import type { PostgresSettings } from '../database/postgres-options.ts'
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
import { type Ask, PostgresConnections } from './postgres-connections.ts'
import * as sql from './postgres-sql.ts'
import { digestBytes, readReading, readVersion } from './reading.ts'
import { isRecordId } from './record-id.ts'
import type { StoreOptions } from './store-options.ts'
import { readChange, readSubject, readToken, type StoredForms } from './stored-token.ts'
import { asBindings, asTextList, fail, textIn } from './stored-value.ts'
import type { Subject, Token } from './token.ts'

/** PostgreSQL's own types: `timestamptz` is a `Date`, `text[]` an array, `jsonb` a parsed value. */
const forms: StoredForms = {
  time: (row, column) => {
    const value = row[column]
    if (value === null) return undefined
    return value instanceof Date ? value.getTime() : fail(column)
  },
  list: (row, column) => (row[column] === null ? undefined : asTextList(row[column], column)),
  bindings: (row, column) => asBindings(row[column], column),
}

/** Look-ups and changes share one pool of connections; the change clock and `ping` have a connection of their own. */
export class PostgresTokenStore implements TokenStore {
  readonly technology = 'postgres'
  readonly #connections: PostgresConnections
  readonly #onQuery: (operation: string) => void

  /** Connects on first use. The schema must be up to date. */
  constructor(settings: PostgresSettings, { onQuery = () => {} }: StoreOptions = {}) {
    this.#connections = new PostgresConnections(settings)
    this.#onQuery = onQuery
  }

  async find(digests: Digests): Promise<Reading> {
    this.#onQuery('find')
    const keyIds = digests.map(({ keyId }) => keyId)
    const values = digests.map(({ value }) => digestBytes(value))
    // Named: parsed once for each connection.
    const rows = await this.#connections.ask({ name: 'find', text: sql.find, values: [keyIds, values] })
    return readReading(rows, digests, forms)
  }

  async currentVersion(signal?: AbortSignal): Promise<number> {
    this.#onQuery('currentVersion')
    return readVersion(await this.#connections.askWatch({ text: sql.currentVersion }, signal))
  }

  async changesAfter(version: number, limit: number, signal?: AbortSignal): Promise<readonly TokenChange[]> {
    checkPage({ limit })
    this.#onQuery('changesAfter')
    const query = { text: sql.changesAfter, values: [version, limit] }
    return (await this.#connections.askWatch(query, signal)).map(readChange)
  }

  async ping(): Promise<void> {
    this.#onQuery('ping')
    await this.#connections.askWatch({ text: 'SELECT 1' })
  }

  async addToken(token: NewToken): Promise<Token> {
    this.#onQuery('addToken')
    return this.#connections.transaction(async (ask) => {
      await ask({ text: sql.addToken, values: rowOf(token) })
      return (await show(ask, token.id)) ?? fail('id')
    })
  }

  async listTokens(filter: TokenFilter): Promise<readonly Token[]> {
    checkPage(filter)
    this.#onQuery('listTokens')
    const rows = await this.#connections.ask(sql.listTokens(filter))
    return rows.map((row) => readToken(row, forms))
  }

  async showToken(id: string): Promise<Token | undefined> {
    if (!isRecordId(id)) return undefined
    this.#onQuery('showToken')
    return show(this.#connections.ask, id)
  }

  async revokeToken(
    id: string,
    act: { readonly at: number; readonly by: string; readonly cause: string },
  ): ReturnType<TokenRegistry['revokeToken']> {
    if (!isRecordId(id)) return { outcome: 'unknown' }
    this.#onQuery('revokeToken')
    return this.#connections.transaction(async (ask) => {
      const values = [id, new Date(act.at), act.by, act.cause]
      const [revoked] = await ask({ text: sql.revokeToken, values })
      const token = await show(ask, id)
      if (token === undefined) return { outcome: 'unknown' }
      if (revoked === undefined) return { outcome: 'already', token }
      await ask({ text: sql.recordChange, values: [id, null] })
      return { outcome: 'revoked', token }
    })
  }

  async systemToken(): ReturnType<TokenRegistry['systemToken']> {
    this.#onQuery('systemToken')
    const [row] = await this.#connections.ask({ text: sql.systemToken })
    return row && { token: readToken(row, forms), sealedText: textIn(row, 'sealed_text') }
  }

  async addSubject(
    subject: Parameters<TokenRegistry['addSubject']>[0],
  ): ReturnType<TokenRegistry['addSubject']> {
    this.#onQuery('addSubject')
    const values = [subject.id, subject.name, subject.kind, new Date(subject.createdAt)]
    const [row] = await this.#connections.ask({ text: sql.addSubject, values })
    return row && readSubject(row, forms)
  }

  async findSubject(name: string): Promise<Subject | undefined> {
    this.#onQuery('findSubject')
    const [row] = await this.#connections.ask({ text: sql.findSubject, values: [name] })
    return row && readSubject(row, forms)
  }

  async listSubjects(filter: Parameters<TokenRegistry['listSubjects']>[0]): Promise<readonly Subject[]> {
    checkPage(filter)
    this.#onQuery('listSubjects')
    const { status = null, after = null, limit } = filter
    const rows = await this.#connections.ask({ text: sql.listSubjects, values: [status, after, limit] })
    return rows.map((row) => readSubject(row, forms))
  }

  async setSubjectStatus(name: string, status: 'active' | 'disabled'): Promise<Subject | undefined> {
    this.#onQuery('setSubjectStatus')
    return this.#connections.transaction(async (ask) => {
      const [changed] = await ask({ text: sql.setSubjectStatus, values: [name, status] })
      const [row] = changed ? [changed] : await ask({ text: sql.findSubject, values: [name] })
      const subject = row && readSubject(row, forms)
      if (changed && subject) await ask({ text: sql.recordChange, values: [null, subject.id] })
      return subject
    })
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}

async function show(ask: Ask, id: string): Promise<Token | undefined> {
  const [row] = await ask({ text: sql.showToken, values: [id] })
  return row && readToken(row, forms)
}

/** The parameters of `addToken` in their order. */
function rowOf(token: NewToken): unknown[] {
  const { id, digest, kind, subjectId, scopes, bindings, access, networks, paths } = token
  const identity = [id, digest.keyId, digestBytes(digest.value), kind, subjectId]
  const rights = [scopes, JSON.stringify(bindings), access, networks ?? null, paths ?? null]
  const expiresAt = token.expiresAt === undefined ? null : new Date(token.expiresAt)
  const history = [token.description, new Date(token.createdAt), token.createdBy, expiresAt]
  return [...identity, ...rights, ...history, token.sealedText ?? null]
}
