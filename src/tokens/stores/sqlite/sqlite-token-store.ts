/**
 * The record of tokens in one SQLite file, which several processes of one machine share.
 * @module
 */

import type { Act, Done } from '../../../audit/entry.ts'
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
import { digestBytes, readClockReading, readReading, readReadingById } from '../reading.ts'
import type { StoreOptions } from '../store-options.ts'
import { readChange, readKeyUse, readSubject, readToken } from '../stored-token.ts'
import { textIn } from '../stored-value.ts'
import { SqliteAuditTrail } from './sqlite-audit-trail.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { SqliteForeignTokens } from './sqlite-foreign-tokens.ts'
import * as lives from './sqlite-lives.ts'
import * as sql from './sqlite-sql.ts'
import { insertRow, recordChange, showRow, sqliteForms } from './sqlite-token-rows.ts'
import { removeLogins, SqliteUpstreamLogins } from './sqlite-upstream-logins.ts'

/** Synchronous underneath: a look-up takes some ten microseconds, less than handing it to another thread. */
export class SqliteTokenStore implements TokenStore {
  readonly technology = 'sqlite'
  readonly foreign: ForeignRecord
  readonly audit: SqliteAuditTrail
  readonly logins: LoginRecord
  readonly #connection: SqliteConnection
  readonly #writer: lives.SqliteWriter
  readonly #onQuery: (operation: string) => void

  /** Opens the file at once. The schema must be up to date before the first question. */
  constructor(settings: { readonly path: string }, options: StoreOptions = {}) {
    const { onQuery = () => {} } = options
    this.#connection = new SqliteConnection(settings.path)
    this.#onQuery = onQuery
    this.audit = new SqliteAuditTrail(this.#connection, options)
    this.#writer = { connection: this.#connection, audit: this.audit }
    this.foreign = new SqliteForeignTokens({
      connection: this.#connection,
      onQuery,
      forms: sqliteForms,
      insertToken: (token, act) => insertRow(this.#connection, token, act),
      audit: this.audit,
    })
    this.logins = new SqliteUpstreamLogins({
      connection: this.#connection,
      onQuery,
      forms: sqliteForms,
      audit: this.audit,
    })
  }

  async find(digests: Digests): Promise<Reading> {
    this.#onQuery('find')
    const presented = digests.map(({ keyId, value }) => ({ keyId, hex: digestBytes(value).toString('hex') }))
    const rows = this.#connection.ask(sql.find, { digests: JSON.stringify(presented) })
    return readReading(rows, digests, sqliteForms)
  }

  async findById(id: string): Promise<Reading> {
    this.#onQuery('findById')
    return readReadingById(this.#connection.ask(sql.findById, { id }), sqliteForms)
  }

  async readClock(signal?: AbortSignal): Promise<ClockReading> {
    signal?.throwIfAborted()
    this.#onQuery('readClock')
    return readClockReading(this.#connection.ask(sql.readClock))
  }

  async changesAfter(version: number, limit: number, signal?: AbortSignal): Promise<readonly TokenChange[]> {
    checkPage({ limit })
    signal?.throwIfAborted()
    this.#onQuery('changesAfter')
    return this.#connection
      .ask(sql.changesAfter, { version, limit })
      .map((row) => readChange(row, sqliteForms))
  }

  async ping(): Promise<void> {
    this.#onQuery('ping')
    this.#connection.ask(sql.ping)
  }

  async addToken(token: NewToken, act: Act): Promise<Token> {
    this.#onQuery('addToken')
    return this.#connection.transaction(() => {
      const added = insertRow(this.#connection, token, act)
      this.audit.append(act, deeds.issued(token))
      return added
    })
  }

  async listTokens(filter: TokenFilter): Promise<readonly Token[]> {
    checkPage(filter)
    this.#onQuery('listTokens')
    const { text, parameters } = sql.listTokens(filter)
    const rows = this.#connection.ask(text, parameters)
    return rows.map((row) => readToken(row, sqliteForms))
  }

  async showToken(id: string): Promise<Token | undefined> {
    if (!isRecordId(id)) return undefined
    this.#onQuery('showToken')
    return showRow(this.#connection, id)
  }

  async revokeToken(id: string, act: Act): ReturnType<TokenRegistry['revokeToken']> {
    this.#onQuery('revokeToken')
    return lives.revokeOne(this.#writer, id, act)
  }

  async revokeTokens(group: TokenGroup, act: Act): Promise<number> {
    this.#onQuery('revokeTokens')
    return lives.revokeGroup(this.#writer, group, act)
  }

  async countTokens(group: TokenGroup): Promise<number> {
    this.#onQuery('countTokens')
    return lives.countGroup(this.#connection, group)
  }

  async rotateToken(id: string, rotation: Rotation, act: Act): ReturnType<TokenRegistry['rotateToken']> {
    this.#onQuery('rotateToken')
    return lives.rotateOne(this.#writer, id, rotation, act)
  }

  async recordUses(uses: readonly TokenUse[]): Promise<void> {
    this.#onQuery('recordUses')
    lives.recordUses(this.#connection, uses)
  }

  async countDead(deadBefore: number): Promise<number> {
    this.#onQuery('countDead')
    return lives.countDead(this.#connection, deadBefore)
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
    return lives.pruneChanges(this.#connection, before, signal)
  }

  async leapClock(act: Act, details: NonNullable<Done['details']>): Promise<void> {
    this.#onQuery('leapClock')
    lives.leapClock(this.#writer, act, { deed: 'record_recovered', details })
  }

  async beginTask(task: ScheduledTask, everyMs: number): Promise<boolean> {
    this.#onQuery('beginTask')
    return this.#connection.ask(sql.beginTask, { task, everyMs }).length > 0
  }

  async countByKey(now: number): Promise<readonly KeyUse[]> {
    this.#onQuery('countByKey')
    return this.#connection.ask(sql.countByKey, { now }).map(readKeyUse)
  }

  async systemToken(): ReturnType<TokenRegistry['systemToken']> {
    this.#onQuery('systemToken')
    const [row] = this.#connection.ask(sql.systemToken)
    return row && { token: readToken(row, sqliteForms), sealedText: textIn(row, 'sealed_text') }
  }

  async addSubject({ id, name, kind }: NewSubject, act: Act): Promise<Subject | undefined> {
    this.#onQuery('addSubject')
    return this.#connection.transaction(() => {
      const [added] = this.#connection.ask(sql.addSubject, { id, name, kind, createdAt: act.at })
      const subject = added && this.#subject(name)
      if (subject) this.audit.append(act, deeds.subjectAdded(subject))
      return subject
    })
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
    return rows.map((row) => readSubject(row, sqliteForms))
  }

  async setSubjectStatus(name: string, status: SubjectStatus, act: Act): Promise<Subject | undefined> {
    this.#onQuery('setSubjectStatus')
    return this.#connection.transaction(() => {
      const [changed] = this.#connection.ask(sql.setSubjectStatus, { name, status })
      if (changed === undefined) return this.#subject(name)
      const subject = readSubject(changed, sqliteForms)
      if (status === 'deleted') this.#connection.ask(removeLogins, { subjectId: subject.id })
      recordChange(this.#connection, { tokenId: null, subjectId: subject.id })
      this.audit.append(act, deeds.statusSet(subject))
      return subject
    })
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  #subject(name: string): Subject | undefined {
    const [row] = this.#connection.ask(sql.findSubject, { name })
    return row && readSubject(row, sqliteForms)
  }
}
