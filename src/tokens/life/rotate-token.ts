/**
 * Gives a token another text: a new record with the same rights takes its place, and for an overlap both texts work.
 * @module
 */

import type { Secret } from '../../lib/secret.ts'
import { mintToken } from '../mint-token.ts'
import { type NewToken, ParentUnfit } from '../ports.ts'
import { newRecordId } from '../record-id.ts'
import { type Token, tokenState } from '../token.ts'
import type { Issuer } from './issue-token.ts'

const dayMs = 86_400_000

/** How long the old text works on when nobody says, and at the longest. */
const overlaps = { defaultMs: dayMs, maxMs: 30 * dayMs } as const

export interface RotateRequest {
  /** 24 hours unless given; 0 ends the old text at once. */
  readonly overlapMs?: number
  /** Who asks, for the record. */
  readonly createdBy: string
  /** Whence, as the program that is asked saw it. */
  readonly origin: string
}

export type Rotated =
  | {
      readonly outcome: 'rotated'
      readonly token: Token
      /** The old token as it is now, with the time at which it ends. */
      readonly previous: Token
      /** Shown once and kept nowhere. */
      readonly text: Secret
    }
  | { readonly outcome: 'refused'; readonly problems: readonly string[] }
  | { readonly outcome: 'unknown' }

/**
 * The new token lives as long from now as the old one did from its issue; a derived one ends when the old one would
 * have, because a rotation renews a text and not a temporary right. A token is rotated once: then it is the turn of
 * its successor.
 */
export async function rotateToken(issuer: Issuer, id: string, request: RotateRequest): Promise<Rotated> {
  const { overlapMs = overlaps.defaultMs, createdBy, origin } = request
  const { registry, keyRing, clock } = issuer
  if (!(overlapMs >= 0 && overlapMs <= overlaps.maxMs)) {
    return refused(`the overlap must be between nothing and ${overlaps.maxMs / dayMs} days`)
  }
  const old = await registry.showToken(id)
  if (old === undefined) return { outcome: 'unknown' }
  const at = clock.now()
  const problem = problemOf(old, at)
  if (problem !== undefined) return refused(problem)

  const { text, digest } = mintToken(old.kind, keyRing)
  const next = successorOf(old, { id: newRecordId(clock), digest }, at)
  const act = { at, by: createdBy, origin, cause: '' }
  try {
    const done = await registry.rotateToken(id, { next, until: at + overlapMs }, act)
    if (done.outcome === 'rotated') return { ...done, text }
    if (done.outcome === 'unknown') return done
    return refused(problemOf(done.previous, at) ?? changedMeanwhile(id))
  } catch (error) {
    if (!(error instanceof ParentUnfit)) throw error
    return refused(changedMeanwhile(id))
  }
}

function successorOf(old: Token, fresh: Pick<NewToken, 'id' | 'digest'>, now: number): NewToken {
  const { kind, scopes, bindings, access, networks, paths, description, parentId } = old
  return {
    ...fresh,
    kind,
    subjectId: old.subject.id,
    scopes,
    bindings,
    access,
    networks,
    paths,
    description,
    expiresAt: expiryOfSuccessor(old, now),
    rotatedFrom: old.id,
    ...(parentId !== undefined && { parentId }),
  }
}

function expiryOfSuccessor({ parentId, createdAt, expiresAt }: Token, now: number): number | undefined {
  if (expiresAt === undefined || parentId !== undefined) return expiresAt
  return now + (expiresAt - createdAt)
}

function problemOf(token: Token, now: number): string | undefined {
  const { id, kind, rotatedTo } = token
  if (kind === 'system') return 'the system token is not rotated: revoke it, and the gateway makes another'
  const state = tokenState(token, now)
  if (state !== 'active') return `token ${id} is ${state}: it cannot be rotated`
  if (rotatedTo !== undefined)
    return `token ${id} was rotated already: rotate ${rotatedTo}, which took its place`
  return undefined
}

function changedMeanwhile(id: string): string {
  return `token ${id} changed while it was rotated: look at it again`
}

function refused(problem: string): Rotated {
  return { outcome: 'refused', problems: [problem] }
}
