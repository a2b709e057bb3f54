/**
 * Asks the limits of one stage of a route, all of them before any is used: a request that one refuses uses up none of
 * the others. In shadow mode nothing is refused, and what would have been is noted.
 * @module
 */

import { type Refusal, refuse } from '../request/refusal.ts'
import type { CommonCounts } from './common-counts.ts'
import type { Limit, Party } from './limit.ts'
import { type Standing, secondsUntil } from './rate-limit-fields.ts'
import { type Use, usedOf } from './window-counts.ts'

/** What is noted of a request. */
export interface LimitNotes {
  /** The limit that was exceeded: the first, where there were two. */
  limit: string | undefined
  /** How the request stands with each limit that was asked. */
  standings: readonly Standing[] | undefined
  shadowed: Refusal | undefined
}

export interface AskContext {
  readonly now: () => number
  /** `undefined`: counts are this process' alone. */
  readonly shared: () => Pick<CommonCounts, 'take'> | undefined
  /** Told of each request beyond a limit. */
  readonly onExceeded: (limit: string) => void
  readonly isShadow: boolean
}

/** Counts the request, or yields the refusal. Waits for nothing unless one of the limits is exact. Never rejects. */
export type AskLimits = (
  party: Party,
  notes: LimitNotes,
) => Refusal | undefined | Promise<Refusal | undefined>

interface Claim {
  readonly limit: Limit
  readonly use: Use
}

/** `undefined` where there is no limit, so that a request asks nobody. */
export function compileAskLimits(limits: readonly Limit[], context: AskContext): AskLimits | undefined {
  if (limits.length === 0) return undefined
  return (party, notes) => {
    const now = context.now()
    const claims: Claim[] = []
    for (const limit of limits) {
      const key = limit.keyOf(party)
      if (key !== undefined) claims.push({ limit, use: limit.counts.useOf(key, now) })
    }
    if (claims.length === 0) return undefined
    const full = claims.find(isFull)
    if (full !== undefined) return conclude(full, claims, now, notes, context)
    const shared = context.shared()
    if (shared === undefined || !claims.some(isExact)) return count(claims, claims, now, notes)
    return takeExactly(claims, shared, now, notes, context)
  }
}

/** The exact ones first: until the last of them has answered, none of the others is used. */
async function takeExactly(
  claims: readonly Claim[],
  shared: Pick<CommonCounts, 'take'>,
  now: number,
  notes: LimitNotes,
  context: AskContext,
): Promise<Refusal | undefined> {
  const counted: Claim[] = claims.filter((claim) => !isExact(claim))
  for (const claim of claims.filter(isExact)) {
    const isTaken = await shared.take(claim.use, claim.limit.requests, now).catch(() => undefined)
    if (isTaken === false) return conclude(claim, claims, now, notes, context)
    // Without Redis this replica counts by itself, as it does for the others.
    if (isTaken === undefined) counted.push(claim)
  }
  // Others may have used them up meanwhile.
  const full = counted.find(isFull)
  return full === undefined ? count(counted, claims, now, notes) : conclude(full, claims, now, notes, context)
}

function count(counted: readonly Claim[], all: readonly Claim[], now: number, notes: LimitNotes): undefined {
  for (const { limit, use } of counted) limit.counts.count(use)
  noteStandings(all, now, notes)
}

function conclude(
  full: Claim,
  all: readonly Claim[],
  now: number,
  notes: LimitNotes,
  { onExceeded, isShadow }: AskContext,
): Refusal | undefined {
  const { name, requests, perMs } = full.limit
  noteStandings(all, now, notes)
  onExceeded(name)
  notes.limit ??= name
  const waits = all.filter(isFull).map(({ limit, use }) => limit.counts.remainingMs(use, now))
  const refusal = refuse('rate_limited', `more than ${requests} requests in ${perMs / 1000} s by «${name}»`, {
    retryAfterSeconds: secondsUntil(Math.max(...waits, limitWait(full, now))),
  })
  if (!isShadow) return refusal
  notes.shadowed ??= refusal
  return undefined
}

function limitWait({ limit, use }: Claim, now: number): number {
  return limit.counts.remainingMs(use, now)
}

function noteStandings(claims: readonly Claim[], now: number, notes: LimitNotes): void {
  const standings = claims.map(({ limit, use }) => ({
    limit,
    remaining: Math.max(0, limit.requests - usedOf(use)),
    resetMs: limit.counts.remainingMs(use, now),
  }))
  notes.standings = notes.standings === undefined ? standings : [...notes.standings, ...standings]
}

function isFull({ limit, use }: Claim): boolean {
  return usedOf(use) >= limit.requests
}

function isExact({ limit }: Claim): boolean {
  return limit.isExact
}
