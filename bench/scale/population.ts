/**
 * The tokens that the store is filled with: two years of them, in order of issue, each made of its number alone, so
 * that a measurement knows the digest and the id of a token without reading them.
 * @module
 */

import { createHash } from 'node:crypto'
import type { Digest } from '../../src/tokens/ports.ts'
import type { SubjectKind, TokenKind } from '../../src/tokens/token.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const spanMs = 730 * dayMs
const goldenRatio = (1 + Math.sqrt(5)) / 2

export interface MadeToken {
  readonly id: string
  readonly digest: Digest
  readonly kind: TokenKind
  /** The number of its subject. */
  readonly subject: number
  readonly project: number | undefined
  readonly parentId: string | undefined
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  readonly lastUsedAt: number | undefined
}

/** Has one in a hundred of all tokens: 100,000 of ten million. */
export const largeSubject = 0
/** As large; all but one in a thousand of its tokens are revoked. */
export const worn = 1
/** Names one in two hundred of all tokens: 50,000 of ten million. */
export const largeProject = 0
/** Has one token in 100,000; every other kind has its hundredth at least. */
export const rareKind = 'admin' satisfies TokenKind

export class Population {
  readonly size: number
  readonly subjects: number
  readonly now: number
  readonly #projects: number
  readonly #subjectIds: readonly string[]

  constructor(size: number, now: number) {
    this.size = size
    this.now = now
    this.subjects = Math.max(20, Math.floor(size / 50))
    this.#projects = Math.max(20, Math.floor(size / 20))
    this.#subjectIds = Array.from({ length: this.subjects }, (_, number) =>
      idOf(seedOf('subject', number), now - spanMs),
    )
  }

  /** From 0, the oldest, to `size - 1`. */
  token(number: number): MadeToken {
    const parent = this.#parentOf(number)
    const own = this.#root(number)
    if (parent === undefined) return own
    const { subject, project, kind, id } = this.#root(parent)
    return { ...own, subject, project, kind, parentId: id, expiresAt: own.createdAt + 12 * hourMs }
  }

  /** A digest that no token has. */
  unknownDigest(number: number): Digest {
    return { keyId: 'k2', value: seedOf('unknown', number).toString('base64url') }
  }

  subject(number: number): { id: string; name: string; kind: SubjectKind; isActive: boolean } {
    const kind = number % 4 === 3 ? 'project' : 'user'
    return { id: this.subjectId(number), name: subjectName(number), kind, isActive: number % 100 !== 7 }
  }

  subjectId(number: number): string {
    const id = this.#subjectIds[number]
    if (id === undefined) throw new RangeError(`no subject has the number ${number}`)
    return id
  }

  /** One of all tokens for each `place`, spread evenly. */
  spread(place: number): MadeToken {
    return this.token(Math.floor(((place * goldenRatio) % 1) * this.size))
  }

  /** The id that a token issued then would have, for pages that begin deep inside. */
  idAt(share: number): string {
    return idOf(seedOf('cursor', 0), this.#createdAt(Math.floor(share * this.size)))
  }

  #createdAt(number: number): number {
    return this.now - spanMs + Math.floor((number * spanMs) / this.size)
  }

  /** 3 of 100 tokens are derived, for twelve hours, from one of the 64 before, which was not derived itself. */
  #parentOf(number: number): number | undefined {
    if (!isDerived(number)) return undefined
    const candidate = number - 1 - (number % 64)
    return candidate < 0 || isDerived(candidate) ? undefined : candidate
  }

  #root(number: number): MadeToken {
    const seed = seedOf('token', number)
    const chance = (place: number) => seed.readUInt32LE(place * 4) / 2 ** 32
    const createdAt = this.#createdAt(number)
    const kind = kindOf(number, chance(0))
    const subject = this.#subjectOf(chance(1))
    const isRevoked = subject === worn ? number % 1000 !== 0 : chance(2) < 0.14
    return {
      id: idOf(seed, createdAt),
      digest: { keyId: number * 2 < this.size ? 'k1' : 'k2', value: seed.toString('base64url') },
      kind,
      subject,
      project: this.#projectOf(chance(3)),
      parentId: undefined,
      createdAt,
      createdBy: kind === 'build' ? 'ci' : `issuer-${number % 20}`,
      expiresAt: expiryOf(kind, createdAt, chance(4)),
      revokedAt: isRevoked ? Math.min(this.now, createdAt + Math.floor(chance(5) * 30 * dayMs)) : undefined,
      lastUsedAt: chance(6) < 0.3 ? Math.min(this.now, createdAt + hourMs) : undefined,
    }
  }

  /** The smaller the number, the more tokens. */
  #subjectOf(chance: number): number {
    if (chance < 0.01) return largeSubject
    if (chance < 0.02) return worn
    return 2 + Math.floor((this.subjects - 2) * chance ** 2)
  }

  #projectOf(chance: number): number | undefined {
    if (chance < 0.005) return largeProject
    if (chance > 0.8) return undefined
    return 1 + Math.floor((this.#projects - 1) * chance ** 2)
  }
}

export function subjectName(number: number): string {
  return `subject-${number}`
}

export function projectName(number: number): string {
  return `project-${number}`
}

/** Most are of builds or of people. */
function kindOf(number: number, chance: number): TokenKind {
  if (number % 100_000 === 500) return rareKind
  if (chance < 0.38) return 'build'
  if (chance < 0.75) return 'personal'
  if (chance < 0.9) return 'deploy'
  if (chance < 0.96) return 'group'
  if (chance < 0.98) return 'session'
  return chance < 0.99 ? 'organization' : 'dsn'
}

/** 40 of 100 tokens have expired: builds and sessions within hours, while people's last for three years or for ever. */
function expiryOf(kind: TokenKind, createdAt: number, chance: number): number | undefined {
  if (kind === 'build') return createdAt + 3 * hourMs
  if (kind === 'session') return createdAt + hourMs
  return kind === 'personal' && chance < 0.5 ? createdAt + 3 * 365 * dayMs : undefined
}

function isDerived(number: number): boolean {
  return number % 33 === 5
}

function seedOf(what: string, number: number): Buffer {
  return createHash('sha256').update(`${what} ${number}`).digest()
}

/** UUIDv7: 48 bits of time, the rest by chance. */
function idOf(seed: Buffer, at: number): string {
  const time = at.toString(16).padStart(12, '0')
  const hex = seed.toString('hex', 20, 32)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`
}
