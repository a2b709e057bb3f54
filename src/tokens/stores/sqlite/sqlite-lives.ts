/**
 * How tokens in SQLite end, give way to others, and are removed at last. Each function is one or more whole
 * transactions on the connection that it is given.
 * @module
 */

import type { Act, Done } from '../../../audit/entry.ts'
import type { Rotation, TokenGroup, TokenRegistry, TokenUse } from '../../ports.ts'
import type { TokenKind } from '../../token.ts'
import * as deeds from '../deeds.ts'
import { countIn, fail, type StoredRow, textIn } from '../stored-value.ts'
import type { SqliteAuditTrail } from './sqlite-audit-trail.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import * as sql from './sqlite-lives-sql.ts'
import { insertRow, recordChange, showRow } from './sqlite-token-rows.ts'

/** What acts are done with: a connection, and the record of them, which has an entry in each transaction. */
export interface SqliteWriter {
  readonly connection: SqliteConnection
  readonly audit: SqliteAuditTrail
}

/** Rows in one transaction, which holds up this thread and every other writer for some ten milliseconds. */
const batchMax = 500

type Revocation = Awaited<ReturnType<TokenRegistry['revokeToken']>>
type Rotated = Awaited<ReturnType<TokenRegistry['rotateToken']>>

export function revokeOne({ connection, audit }: SqliteWriter, id: string, act: Act): Revocation {
  return connection.transaction(() => {
    const revoked = revokeFamilies(connection, [id], act)
    const token = showRow(connection, id)
    if (token === undefined) return { outcome: 'unknown' }
    if (revoked.length === 0) return { outcome: 'already', token }
    for (const tokenId of revoked) recordChange(connection, { tokenId, subjectId: null })
    audit.append(act, deeds.revokedOne(id, token.subject, revoked))
    return { outcome: 'revoked', token, derived: revoked.length - 1 }
  })
}

export async function revokeGroup(writer: SqliteWriter, group: TokenGroup, act: Act): Promise<number> {
  let count = 0
  for (let after: string | undefined = ''; after !== undefined; await turn()) {
    const batch = revokeBatch(writer, group, act, after)
    count += batch.revoked
    after = batch.last
  }
  return count
}

/** `last` is where the next batch begins; `undefined` when there is none. */
function revokeBatch({ connection, audit }: SqliteWriter, group: TokenGroup, act: Act, after: string) {
  return connection.transaction(() => {
    const { text, parameters } = sql.nextOfGroup(group, after, batchMax)
    const ids = idsOf(connection.ask(text, parameters))
    const revoked = revokeFamilies(connection, ids, act)
    if (revoked.length > 0) {
      recordGroup(connection, group, revoked)
      audit.append(act, deeds.revokedBatch(group, revoked))
    }
    return { revoked: revoked.length, last: ids.length < batchMax ? undefined : ids.at(-1) }
  })
}

/** What was derived from a token acts for the same subject, which therefore stands for all of them. */
function recordGroup(connection: SqliteConnection, group: TokenGroup, revoked: readonly string[]): void {
  if ('subjectId' in group) {
    recordChange(connection, { tokenId: null, subjectId: group.subjectId })
    return
  }
  for (const tokenId of revoked) recordChange(connection, { tokenId, subjectId: null })
}

function revokeFamilies(
  connection: SqliteConnection,
  ids: readonly string[],
  { at, by, cause }: Act,
): string[] {
  return idsOf(connection.ask(sql.revokeFamilies, { ids: JSON.stringify(ids), at, by, cause }))
}

export function countGroup(connection: SqliteConnection, group: TokenGroup): number {
  const { text, parameters } = sql.countGroup(group)
  return countOf(connection.ask(text, parameters))
}

export function rotateOne(
  { connection, audit }: SqliteWriter,
  id: string,
  { next, until }: Rotation,
  act: Act,
): Rotated {
  return connection.transaction(() => {
    const [ended] = connection.ask(sql.endRotated, { id, next: next.id, until, at: act.at })
    const previous = showRow(connection, id)
    if (previous === undefined) return { outcome: 'unknown' }
    if (ended === undefined) return { outcome: 'refused', previous }
    const token = insertRow(connection, next, act)
    const derived = idsOf(connection.ask(sql.endFamilies, { ids: JSON.stringify([id]), until }))
    for (const tokenId of [id, ...derived]) recordChange(connection, { tokenId, subjectId: null })
    audit.append(act, deeds.rotated(id, next, until))
    return { outcome: 'rotated', token, previous }
  })
}

export function recordUses(connection: SqliteConnection, uses: readonly TokenUse[]): void {
  const batch = uses.map(({ tokenId, at, address = null }) => ({ tokenId, at, address }))
  connection.ask(sql.recordUses, { uses: JSON.stringify(batch) })
}

export function countDead(connection: SqliteConnection, before: number): number {
  return countOf(connection.ask(sql.countDead, { before }))
}

export function purgeDead(
  writer: SqliteWriter,
  deadBefore: number,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<number> {
  const removeBatch = () => writer.connection.ask(sql.purgeDead, { before: deadBefore, limit: batchMax })
  return purge(writer, removeBatch, deadBefore, act, signal)
}

export function purgeExpired(
  writer: SqliteWriter,
  kind: TokenKind,
  expiredBefore: number,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<number> {
  const parameters = { kind, before: expiredBefore, limit: batchMax }
  const removeBatch = () => writer.connection.ask(sql.purgeExpired, parameters)
  return purge(writer, removeBatch, expiredBefore, act, signal)
}

/** Each batch with its entry in the audit record. */
function purge(
  { connection, audit }: SqliteWriter,
  removeBatch: () => readonly StoredRow[],
  before: number,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<number> {
  return inBatches(signal, () =>
    connection.transaction(() => {
      const ids = idsOf(removeBatch())
      if (ids.length > 0) audit.append(act, deeds.purged(ids, before))
      return ids.length
    }),
  )
}

export function leapClock({ connection, audit }: SqliteWriter, act: Act, done: Done): void {
  connection.transaction(() => {
    connection.ask(sql.leapClock, { at: act.at })
    audit.append(act, done)
  })
}

export async function pruneChanges(
  connection: SqliteConnection,
  before: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  return inBatches(signal, () => connection.ask(sql.pruneChanges, { before, limit: batchMax }).length)
}

/** Removes rows until there are no more, or the signal says stop; yields how many it was. */
async function inBatches(signal: AbortSignal | undefined, removeSome: () => number): Promise<number> {
  let count = 0
  for (let removed = batchMax; removed > 0 && !signal?.aborted; await turn()) {
    removed = removeSome()
    count += removed
  }
  return count
}

/** Lets whatever else this thread has to do come first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function idsOf(rows: readonly StoredRow[]): string[] {
  return rows.map((row) => textIn(row, 'id'))
}

function countOf([row]: readonly StoredRow[]): number {
  return row === undefined ? fail('tokens') : countIn(row, 'tokens')
}
