/**
 * What changes the record: single tokens, whole groups with the wait that they cause to others, last uses, purging.
 * @module
 */

import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Act } from '../../src/audit/entry.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { TokenGroup, TokenStore } from '../../src/tokens/ports.ts'
import { newRecordId } from '../../src/tokens/record-id.ts'
import type { Figures } from './measure-reads.ts'
import { largeProject, largeSubject, type MadeToken, type Population, projectName } from './population.ts'
import { elapsedMs, latencyOf, sampled } from './sampled.ts'

/** Something done once to many tokens. */
export interface Feat {
  readonly tokens: number
  readonly tookMs: number
  /** The longest that the revocation of another token took meanwhile. */
  readonly worstWaitMs?: number
}

const usesInBatch = 5_000
const act: Act = { at: Date.now(), by: 'bench', origin: 'bench', cause: 'measured' }

export interface Changed {
  readonly figures: Figures
  readonly feats: Record<string, Feat>
}

/** `parents` are ids of live tokens that live ones were derived from. */
export async function measureChanges(
  store: TokenStore,
  population: Population,
  parents: readonly string[],
  samples: number,
  onProgress: (what: string) => void,
): Promise<Changed> {
  const figures: Figures = {}
  const feats: Changed['feats'] = {}
  const live = liveTokens(population)
  const nextLive = () => live.next().value ?? fail()
  const measure = async (what: string, count: number, ask: (number: number) => Promise<unknown>) => {
    onProgress(what)
    figures[what] = await sampled(Math.min(count, samples, population.size / 50), ask)
  }
  await measure('issue', samples, () => store.addToken(newToken(population.subjectId(3)), act))
  await measure('revoke one', samples, () => store.revokeToken(nextLive().id, act))
  const family = parents.values()
  const revokeFamily = async () => store.revokeToken(family.next().value ?? nextLive().id, act)
  await measure('revoke one with a derived token', Math.max(1, parents.length - 20), revokeFamily)
  await measure('rotate', samples, () => {
    const { id, subject } = nextLive()
    const next = { ...newToken(population.subjectId(subject)), rotatedFrom: id }
    return store.rotateToken(id, { next, until: Date.now() + 86_400_000 }, act)
  })
  await measure('record 5,000 last uses', 50, (number) => store.recordUses(usesOf(population, number)))
  const version = (await store.readClock()).version
  const past = (number: number) => Math.max(0, version - 100 - (number % 100))
  await measure('changes after a version, 100 of them', samples, (number) =>
    store.changesAfter(past(number), 100),
  )

  const groups: [what: string, group: TokenGroup][] = [
    ['revoke by subject', { subjectId: population.subjectId(largeSubject) }],
    ['revoke by binding', { binding: { key: 'project', value: projectName(largeProject) } }],
    ['revoke by issuer', { createdBy: 'issuer-7' }],
  ]
  for (const [what, group] of groups) {
    onProgress(what)
    feats[what] = await revokeMeanwhile(store, group, nextLive)
  }
  onProgress('purge')
  const deadBefore = population.token(Math.floor(population.size / 50)).createdAt
  const [purged, tookMs] = await counted(() => store.purgeDead(deadBefore, act))
  feats.purge = { tokens: purged, tookMs }
  return { figures, feats }
}

/** One token after another is revoked while the group is. */
async function revokeMeanwhile(
  store: TokenStore,
  group: TokenGroup,
  nextLive: () => MadeToken,
): Promise<Feat> {
  let isOver = false
  const revoking = counted(() => store.revokeTokens(group, act)).finally(() => {
    isOver = true
  })
  const waits: number[] = []
  while (!isOver) {
    waits.push(await elapsedMs(() => store.revokeToken(nextLive().id, act)))
    await sleep(10)
  }
  const [tokens, tookMs] = await revoking
  return { tokens, tookMs, worstWaitMs: latencyOf(waits).maxMs }
}

async function counted(act: () => Promise<number>): Promise<[count: number, tookMs: number]> {
  let count = 0
  const tookMs = await elapsedMs(async () => {
    count = await act()
  })
  return [count, tookMs]
}

/** Tokens of people that are still good for something, spread over the whole record. */
function* liveTokens(population: Population): Generator<MadeToken> {
  for (let place = 0; place < population.size; place++) {
    const token = population.spread(place)
    const { kind, revokedAt, parentId, subject } = token
    if (kind === 'personal' && revokedAt === undefined && parentId === undefined && subject > 1) yield token
  }
}

function usesOf(population: Population, number: number) {
  return Array.from({ length: Math.min(usesInBatch, population.size) }, (_, place) => ({
    tokenId: population.spread(number * usesInBatch + place).id,
    at: population.now + number,
    address: '198.51.100.0/24',
  }))
}

function newToken(subjectId: string) {
  const id = newRecordId(systemClock)
  return {
    id,
    digest: { keyId: 'k2', value: createHash('sha256').update(randomUUID()).digest('base64url') },
    kind: 'personal',
    subjectId,
    scopes: ['read:project'],
    bindings: { project: [projectName(12)] },
    access: 'read-write',
    networks: undefined,
    paths: undefined,
    description: 'issued by the bench',
    expiresAt: undefined,
  } as const
}

function fail(): never {
  throw new Error('there are not enough tokens left to revoke')
}
