/**
 * How tokens in PostgreSQL end, give way to others, and are removed at last. Each function is one or more whole
 * transactions on the connections that it is given.
 * @module
 */

import type { QueryConfig } from 'pg'
import type { Act, Done } from '../../../audit/entry.ts'
import type { Rotation, TokenGroup, TokenRegistry, TokenUse } from '../../ports.ts'
import type { TokenKind } from '../../token.ts'
import * as deeds from '../deeds.ts'
import { countIn, fail, textIn } from '../stored-value.ts'
import type { PostgresAuditTrail } from './postgres-audit-trail.ts'
import type { Ask, PostgresConnections } from './postgres-connections.ts'
import * as sql from './postgres-lives-sql.ts'
import { recordChange } from './postgres-sql.ts'
import { insertRow, showRow } from './postgres-token-rows.ts'

/** What acts are done with: connections, and the record of them, whose entry is the last of each transaction. */
export interface PostgresWriter {
  readonly connections: PostgresConnections
  readonly audit: PostgresAuditTrail
}

/** Tokens in one transaction: its locks and the change clock are held for some tens of milliseconds. */
const batchMax = 1_000
/** Deadline of counting rows, or passing over them, where they may be millions. */
const passingMs = 60_000
/** Sorts before every id. */
const beforeAll = '00000000-0000-0000-0000-000000000000'

export function revokeOne(
  { connections, audit }: PostgresWriter,
  id: string,
  act: Act,
): ReturnType<TokenRegistry['revokeToken']> {
  return connections.transaction(async (ask) => {
    await ask({ text: sql.takeClock })
    const revoked = await revokeFamilies(ask, [id], act)
    const token = await showRow(ask, id)
    if (token === undefined) return { outcome: 'unknown' }
    if (revoked.length === 0) return { outcome: 'already', token }
    await ask({ text: sql.recordChanges, values: [revoked] })
    await audit.append(ask, act, deeds.revokedOne(id, token.subject, revoked))
    return { outcome: 'revoked', token, derived: revoked.length - 1 }
  })
}

export async function revokeGroup(writer: PostgresWriter, group: TokenGroup, act: Act): Promise<number> {
  let count = 0
  for (let after: string | undefined = beforeAll; after !== undefined; ) {
    const next = sql.nextOfGroup(group, after, batchMax)
    const ids = idsOf(await writer.connections.askAtLength(next, passingMs))
    count += await revokeWithSuccessors(writer, group, act, ids)
    after = ids.length < batchMax ? undefined : ids.at(-1)
  }
  return count
}

/**
 * What is rotated between being found and being revoked leaves a successor that nobody has found. Afterwards it leaves
 * none, so that this comes to an end.
 */
async function revokeWithSuccessors(
  writer: PostgresWriter,
  group: TokenGroup,
  act: Act,
  ids: readonly string[],
): Promise<number> {
  let count = 0
  for (let found = ids; found.length > 0; ) {
    count += await revokeBatch(writer, group, act, found)
    found = idsOf(await writer.connections.askAtLength(sql.successorsInGroup(group, found), passingMs))
  }
  return count
}

/** Yields how many it was, with what was derived from these. */
function revokeBatch(
  { connections, audit }: PostgresWriter,
  group: TokenGroup,
  act: Act,
  ids: readonly string[],
): Promise<number> {
  return connections.transaction(async (ask) => {
    await ask({ text: sql.takeClock })
    const revoked = await revokeFamilies(ask, ids, act)
    if (revoked.length > 0) {
      await recordGroup(ask, group, revoked)
      await audit.append(ask, act, deeds.revokedBatch(group, revoked))
    }
    return revoked.length
  })
}

/** What was derived from a token acts for the same subject, which therefore stands for all of them. */
async function recordGroup(ask: Ask, group: TokenGroup, revoked: readonly string[]): Promise<void> {
  if ('subjectId' in group) await ask({ text: recordChange, values: [null, group.subjectId] })
  else await ask({ text: sql.recordChanges, values: [revoked] })
}

/** The ids of all that is revoked now and was not before: tokens, and generation by generation what came of them. */
async function revokeFamilies(ask: Ask, ids: readonly string[], act: Act): Promise<string[]> {
  const rest = [new Date(act.at), act.by, act.cause]
  const revoked: string[] = []
  let generation = idsOf(await ask({ text: sql.revoke, values: [ids, ...rest] }))
  while (generation.length > 0) {
    revoked.push(...generation)
    generation = idsOf(await ask({ text: sql.revokeDerived, values: [generation, ...rest] }))
  }
  return revoked
}

export async function countGroup(connections: PostgresConnections, group: TokenGroup): Promise<number> {
  return countOf(await connections.askAtLength(sql.countGroup(group), passingMs))
}

export function rotateOne(
  { connections, audit }: PostgresWriter,
  id: string,
  { next, until }: Rotation,
  act: Act,
): ReturnType<TokenRegistry['rotateToken']> {
  return connections.transaction(async (ask) => {
    await ask({ text: sql.takeClock })
    const end = new Date(until)
    const [ended] = await ask({ text: sql.endRotated, values: [id, next.id, end, new Date(act.at)] })
    const previous = await showRow(ask, id)
    if (previous === undefined) return { outcome: 'unknown' }
    if (ended === undefined) return { outcome: 'refused', previous }
    const token = await insertRow(ask, next, act)
    const changed = [id]
    for (let generation = [id]; generation.length > 0; changed.push(...generation)) {
      generation = idsOf(await ask({ text: sql.endDerived, values: [generation, end] }))
    }
    await ask({ text: sql.recordChanges, values: [changed] })
    await audit.append(ask, act, deeds.rotated(id, next, until))
    return { outcome: 'rotated', token, previous }
  })
}

export async function recordUses(connections: PostgresConnections, uses: readonly TokenUse[]): Promise<void> {
  const ids = uses.map(({ tokenId }) => tokenId)
  const times = uses.map(({ at }) => new Date(at))
  const addresses = uses.map(({ address }) => address ?? null)
  await connections.ask({ text: sql.recordUses, values: [ids, times, addresses] })
}

export async function countDead(connections: PostgresConnections, deadBefore: number): Promise<number> {
  const query = { text: sql.countDead, values: [new Date(deadBefore)] }
  return countOf(await connections.askAtLength(query, passingMs))
}

export function purgeDead(
  writer: PostgresWriter,
  deadBefore: number,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<number> {
  const removal = { text: sql.purgeDead, values: [new Date(deadBefore), batchMax] }
  return purge(writer, removal, deadBefore, act, signal)
}

export function purgeExpired(
  writer: PostgresWriter,
  kind: TokenKind,
  expiredBefore: number,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<number> {
  const removal = { text: sql.purgeExpired, values: [kind, new Date(expiredBefore), batchMax] }
  return purge(writer, removal, expiredBefore, act, signal)
}

/** Each batch with its entry in the audit record. */
function purge(
  { connections, audit }: PostgresWriter,
  removal: QueryConfig,
  before: number,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<number> {
  return inBatches(signal, () =>
    connections.transaction(async (ask) => {
      const ids = idsOf(await ask(removal))
      if (ids.length > 0) await audit.append(ask, act, deeds.purged(ids, before))
      return ids.length
    }),
  )
}

export function leapClock({ connections, audit }: PostgresWriter, act: Act, done: Done): Promise<void> {
  return connections.transaction(async (ask) => {
    await ask({ text: sql.leapClock, values: [act.at] })
    await audit.append(ask, act, done)
  })
}

export async function pruneChanges(
  connections: PostgresConnections,
  before: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const query = { text: sql.pruneChanges, values: [new Date(before), batchMax] }
  return inBatches(signal, async () => (await connections.ask(query)).length)
}

/** Removes rows until there are no more, or the signal says stop; yields how many it was. */
async function inBatches(
  signal: AbortSignal | undefined,
  removeSome: () => Promise<number>,
): Promise<number> {
  let count = 0
  for (let removed = batchMax; removed > 0 && !signal?.aborted; count += removed) removed = await removeSome()
  return count
}

function idsOf(rows: Awaited<ReturnType<Ask>>): string[] {
  return rows.map((row) => textIn(row, 'id'))
}

function countOf([row]: Awaited<ReturnType<Ask>>): number {
  return row === undefined ? fail('tokens') : countIn(row, 'tokens')
}
