/**
 * The record of tokens in PostgreSQL, which any number of replicas share.
 * @module
 */

import type { PostgresSettings } from '../../../database/postgres-options.ts'
import type { ForeignRecord } from '../../foreign/foreign-record.ts'
import type {
  Digests,
  KeyUse,
  NewToken,
  Reading,
  RevocationAct,
  Rotation,
  TokenChange,
  TokenFilter,
  TokenGroup,
  TokenRegistry,
  TokenStore,
  TokenUse,
} from '../../ports.ts'
import { isRecordId } from '../../record-id.ts'
import type { Subject, SubjectStatus, Token } from '../../token.ts'
import type { LoginRecord } from '../../upstream-logins/login-record.ts'
import { checkPage } from '../page.ts'
import { digestBytes, readReading, readVersion } from '../reading.ts'
import type { StoreOptions } from '../store-options.ts'
import { readChange, readKeyUse, readSubject, readToken } from '../stored-token.ts'
import { textIn } from '../stored-value.ts'
import { PostgresConnections } from './postgres-connections.ts'
import { PostgresForeignTokens } from './postgres-foreign-tokens.ts'
import { listPage } from './postgres-lists.ts'
import * as lives from './postgres-lives.ts'
import { pruneChanges, purgeDead } from './postgres-lives-sql.ts'
import * as sql from './postgres-sql.ts'
import { insertRow, postgresForms, showRow } from './postgres-token-rows.ts'
import { PostgresUpstreamLogins, removeLogins } from './postgres-upstream-logins.ts'

/** Deadline of reading the whole table, whatever its size. */
const countingMs = 60_000

/** Look-ups and changes share one pool of connections; the change clock and `ping` have a connection of their own. */
export class PostgresTokenStore implements TokenStore {
  readonly technology = 'postgres'
  readonly foreign: ForeignRecord
  readonly logins: LoginRecord
  readonly #connections: PostgresConnections
  readonly #onQuery: (operation: string) => void

  /** Connects on first use. The schema must be up to date. */
  constructor(settings: PostgresSettings, { onQuery = () => {} }: StoreOptions = {}) {
    this.#connections = new PostgresConnections(settings)
    this.#onQuery = onQuery
    this.foreign = new PostgresForeignTokens({
      connections: this.#connections,
      onQuery,
      forms: postgresForms,
      insertToken: insertRow,
    })
    this.logins = new PostgresUpstreamLogins({
      connections: this.#connections,
      onQuery,
      forms: postgresForms,
    })
  }

  async find(digests: Digests): Promise<Reading> {
    this.#onQuery('find')
    const keyIds = digests.map(({ keyId }) => keyId)
    const values = digests.map(({ value }) => digestBytes(value))
    // Named: parsed once for each connection.
    const rows = await this.#connections.ask({ name: 'find', text: sql.find, values: [keyIds, values] })
    return readReading(rows, digests, postgresForms)
  }

  async currentVersion(signal?: AbortSignal): Promise<number> {
    this.#onQuery('currentVersion')
    return readVersion(await this.#connections.askWatch({ text: sql.currentVersion }, signal))
  }

  async changesAfter(version: number, limit: number, signal?: AbortSignal): Promise<readonly TokenChange[]> {
    checkPage({ limit })
    this.#onQuery('changesAfter')
    const query = { text: sql.changesAfter, values: [version, limit] }
    return (await this.#connections.askWatch(query, signal)).map((row) => readChange(row, postgresForms))
  }

  async ping(): Promise<void> {
    this.#onQuery('ping')
    await this.#connections.askWatch({ text: 'SELECT 1' })
  }

  async addToken(token: NewToken): Promise<Token> {
    this.#onQuery('addToken')
    return this.#connections.transaction((ask) => insertRow(ask, token))
  }

  async listTokens(filter: TokenFilter): Promise<readonly Token[]> {
    checkPage(filter)
    this.#onQuery('listTokens')
    return listPage(this.#connections, filter)
  }

  async showToken(id: string): Promise<Token | undefined> {
    if (!isRecordId(id)) return undefined
    this.#onQuery('showToken')
    return showRow(this.#connections.ask, id)
  }

  async revokeToken(id: string, act: RevocationAct): ReturnType<TokenRegistry['revokeToken']> {
    if (!isRecordId(id)) return { outcome: 'unknown' }
    this.#onQuery('revokeToken')
    return lives.revokeOne(this.#connections, id, act)
  }

  async revokeTokens(group: TokenGroup, act: RevocationAct): Promise<number> {
    this.#onQuery('revokeTokens')
    return lives.revokeGroup(this.#connections, group, act)
  }

  async countTokens(group: TokenGroup): Promise<number> {
    this.#onQuery('countTokens')
    return lives.countGroup(this.#connections, group)
  }

  async rotateToken(id: string, rotation: Rotation): ReturnType<TokenRegistry['rotateToken']> {
    if (!isRecordId(id)) return { outcome: 'unknown' }
    this.#onQuery('rotateToken')
    return lives.rotateOne(this.#connections, id, rotation)
  }

  async recordUses(uses: readonly TokenUse[]): Promise<void> {
    this.#onQuery('recordUses')
    await lives.recordUses(this.#connections, uses)
  }

  async countDead(deadBefore: number): Promise<number> {
    this.#onQuery('countDead')
    return lives.countDead(this.#connections, deadBefore)
  }

  async purgeDead(deadBefore: number): Promise<number> {
    this.#onQuery('purgeDead')
    return lives.removeAll(this.#connections, purgeDead, deadBefore)
  }

  async pruneChanges(before: number): Promise<number> {
    this.#onQuery('pruneChanges')
    return lives.removeAll(this.#connections, pruneChanges, before)
  }

  async countByKey(now: number): Promise<readonly KeyUse[]> {
    this.#onQuery('countByKey')
    const query = { text: sql.countByKey, values: [new Date(now)] }
    return (await this.#connections.askAtLength(query, countingMs)).map(readKeyUse)
  }

  async systemToken(): ReturnType<TokenRegistry['systemToken']> {
    this.#onQuery('systemToken')
    const [row] = await this.#connections.ask({ text: sql.systemToken })
    return row && { token: readToken(row, postgresForms), sealedText: textIn(row, 'sealed_text') }
  }

  async addSubject(
    subject: Parameters<TokenRegistry['addSubject']>[0],
  ): ReturnType<TokenRegistry['addSubject']> {
    this.#onQuery('addSubject')
    const values = [subject.id, subject.name, subject.kind, new Date(subject.createdAt)]
    const [row] = await this.#connections.ask({ text: sql.addSubject, values })
    return row && readSubject(row, postgresForms)
  }

  async findSubject(name: string): Promise<Subject | undefined> {
    this.#onQuery('findSubject')
    const [row] = await this.#connections.ask({ text: sql.findSubject, values: [name] })
    return row && readSubject(row, postgresForms)
  }

  async listSubjects(filter: Parameters<TokenRegistry['listSubjects']>[0]): Promise<readonly Subject[]> {
    checkPage(filter)
    this.#onQuery('listSubjects')
    const { status = null, after = null, limit } = filter
    const rows = await this.#connections.ask({ text: sql.listSubjects, values: [status, after, limit] })
    return rows.map((row) => readSubject(row, postgresForms))
  }

  async setSubjectStatus(name: string, status: SubjectStatus): Promise<Subject | undefined> {
    this.#onQuery('setSubjectStatus')
    return this.#connections.transaction(async (ask) => {
      const [changed] = await ask({ text: sql.setSubjectStatus, values: [name, status] })
      const [row] = changed ? [changed] : await ask({ text: sql.findSubject, values: [name] })
      const subject = row && readSubject(row, postgresForms)
      if (!changed || !subject) return subject
      if (status === 'deleted') await ask({ text: removeLogins, values: [subject.id] })
      await ask({ text: sql.recordChange, values: [null, subject.id] })
      return subject
    })
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}
