/**
 * The record of tokens in PostgreSQL, which any number of replicas share.
 * @module
 */

import type { Act, Done } from '../../../audit/entry.ts'
import type { PostgresSettings } from '../../../database/postgres-options.ts'
import type { ForeignRecord } from '../../foreign/foreign-record.ts'
import type { KeyUse } from '../../keys/key-use.ts'
import type {
  ClockReading,
  Digests,
  NewSubject,
  NewToken,
  Reading,
  Rotation,
  ScheduledTask,
  TokenChange,
  TokenFilter,
  TokenGroup,
  TokenRegistry,
  TokenStore,
  TokenUse,
} from '../../ports.ts'
import { isRecordId } from '../../record-id.ts'
import type { Subject, SubjectStatus, Token, TokenKind } from '../../token.ts'
import type { LoginRecord } from '../../upstream-logins/login-record.ts'
import * as deeds from '../deeds.ts'
import { checkPage } from '../page.ts'
import { readReading, readReadingById } from '../reading.ts'
import type { StoreOptions } from '../store-options.ts'
import { readChange, readKeyUse, readSubject, readToken } from '../stored-token.ts'
import { textIn } from '../stored-value.ts'
import { PostgresAuditTrail } from './postgres-audit-trail.ts'
import { fromPrimary, readPostgresClock } from './postgres-change-clock.ts'
import { PostgresConnections } from './postgres-connections.ts'
import { PostgresForeignTokens } from './postgres-foreign-tokens.ts'
import { listPage } from './postgres-lists.ts'
import * as lives from './postgres-lives.ts'
import * as sql from './postgres-sql.ts'
import { digestParameters, idParameters, insertRow, postgresForms, showRow } from './postgres-token-rows.ts'
import { PostgresUpstreamLogins, removeLogins } from './postgres-upstream-logins.ts'

/** Deadline of reading the whole table, whatever its size. */
const countingMs = 60_000

const find = sql.findOn('primary')
const findById = sql.findByIdOn('primary')

/** Look-ups and changes share one pool of connections; the change clock and `ping` have a connection of their own. */
export class PostgresTokenStore implements TokenStore {
  readonly technology = 'postgres'
  readonly foreign: ForeignRecord
  readonly audit: PostgresAuditTrail
  readonly logins: LoginRecord
  readonly #connections: PostgresConnections
  readonly #writer: lives.PostgresWriter
  readonly #onQuery: (operation: string) => void

  /** Connects on first use. The schema must be up to date. */
  constructor(settings: PostgresSettings, options: StoreOptions = {}) {
    const { onQuery = () => {} } = options
    this.#connections = new PostgresConnections(settings)
    this.#onQuery = onQuery
    this.audit = new PostgresAuditTrail(this.#connections, options)
    this.#writer = { connections: this.#connections, audit: this.audit }
    this.foreign = new PostgresForeignTokens({
      connections: this.#connections,
      onQuery,
      forms: postgresForms,
      insertToken: insertRow,
      audit: this.audit,
    })
    this.logins = new PostgresUpstreamLogins({
      connections: this.#connections,
      onQuery,
      forms: postgresForms,
      audit: this.audit,
    })
  }

  async find(digests: Digests): Promise<Reading> {
    this.#onQuery('find')
    // Named: parsed once for each connection.
    const query = { name: 'find', text: find, values: digestParameters(digests) }
    const rows = await this.#connections.ask(query)
    return readReading(fromPrimary(rows), digests, postgresForms)
  }

  async findById(id: string): Promise<Reading> {
    this.#onQuery('findById')
    const query = { name: 'findById', text: findById, values: idParameters(id) }
    const rows = await this.#connections.ask(query)
    return readReadingById(fromPrimary(rows), postgresForms)
  }

  async readClock(signal?: AbortSignal): Promise<ClockReading> {
    this.#onQuery('readClock')
    return readPostgresClock((query) => this.#connections.askWatch(query, signal))
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

  async addToken(token: NewToken, act: Act): Promise<Token> {
    this.#onQuery('addToken')
    return this.#connections.transaction(async (ask) => {
      const added = await insertRow(ask, token, act)
      await this.audit.append(ask, act, deeds.issued(token))
      return added
    })
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

  async revokeToken(id: string, act: Act): ReturnType<TokenRegistry['revokeToken']> {
    if (!isRecordId(id)) return { outcome: 'unknown' }
    this.#onQuery('revokeToken')
    return lives.revokeOne(this.#writer, id, act)
  }

  async revokeTokens(group: TokenGroup, act: Act): Promise<number> {
    this.#onQuery('revokeTokens')
    return lives.revokeGroup(this.#writer, group, act)
  }

  async countTokens(group: TokenGroup): Promise<number> {
    this.#onQuery('countTokens')
    return lives.countGroup(this.#connections, group)
  }

  async rotateToken(id: string, rotation: Rotation, act: Act): ReturnType<TokenRegistry['rotateToken']> {
    if (!isRecordId(id)) return { outcome: 'unknown' }
    this.#onQuery('rotateToken')
    return lives.rotateOne(this.#writer, id, rotation, act)
  }

  async recordUses(uses: readonly TokenUse[]): Promise<void> {
    this.#onQuery('recordUses')
    await lives.recordUses(this.#connections, uses)
  }

  async countDead(deadBefore: number): Promise<number> {
    this.#onQuery('countDead')
    return lives.countDead(this.#connections, deadBefore)
  }

  async purgeDead(deadBefore: number, act: Act, signal?: AbortSignal): Promise<number> {
    this.#onQuery('purgeDead')
    return lives.purgeDead(this.#writer, deadBefore, act, signal)
  }

  async purgeExpired(
    kind: TokenKind,
    expiredBefore: number,
    act: Act,
    signal?: AbortSignal,
  ): Promise<number> {
    this.#onQuery('purgeExpired')
    return lives.purgeExpired(this.#writer, kind, expiredBefore, act, signal)
  }

  async pruneChanges(before: number, signal?: AbortSignal): Promise<number> {
    this.#onQuery('pruneChanges')
    return lives.pruneChanges(this.#connections, before, signal)
  }

  async leapClock(act: Act, details: NonNullable<Done['details']>): Promise<void> {
    this.#onQuery('leapClock')
    await lives.leapClock(this.#writer, act, { deed: 'record_recovered', details })
  }

  async beginTask(task: ScheduledTask, everyMs: number): Promise<boolean> {
    this.#onQuery('beginTask')
    const query = { text: sql.beginTask, values: [task, everyMs] }
    return this.#connections.transaction(async (ask) => (await ask(query)).length > 0)
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

  async addSubject({ id, name, kind }: NewSubject, act: Act): Promise<Subject | undefined> {
    this.#onQuery('addSubject')
    return this.#connections.transaction(async (ask) => {
      const [row] = await ask({ text: sql.addSubject, values: [id, name, kind, new Date(act.at)] })
      const subject = row && readSubject(row, postgresForms)
      if (subject) await this.audit.append(ask, act, deeds.subjectAdded(subject))
      return subject
    })
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

  async setSubjectStatus(name: string, status: SubjectStatus, act: Act): Promise<Subject | undefined> {
    this.#onQuery('setSubjectStatus')
    return this.#connections.transaction(async (ask) => {
      const [changed] = await ask({ text: sql.setSubjectStatus, values: [name, status] })
      const [row] = changed ? [changed] : await ask({ text: sql.findSubject, values: [name] })
      const subject = row && readSubject(row, postgresForms)
      if (!changed || !subject) return subject
      if (status === 'deleted') await ask({ text: removeLogins, values: [subject.id] })
      await ask({ text: sql.recordChange, values: [null, subject.id] })
      await this.audit.append(ask, act, deeds.statusSet(subject))
      return subject
    })
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}
