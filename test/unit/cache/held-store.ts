/**
 * A store in memory whose answers a test can hold back and whose failure it can order: each answer shows the record
 * as it was when the question came, as a snapshot of a database would.
 * @module
 */

import {
  type ChangeSource,
  type ClockReading,
  type Digests,
  type Reading,
  type ReadReplica,
  type RecordReader,
  StoreUnavailable,
  type TokenChange,
  type TokenReader,
} from '../../../src/tokens/ports.ts'
import type { Token } from '../../../src/tokens/token.ts'

/** A whole store as it is at one moment, which a standby may know when the primary is lost. */
export interface Snapshot {
  readonly tokens: ReadonlyMap<string, Token>
  readonly changes: readonly TokenChange[]
  readonly version: number
  readonly line: string | undefined
}

export class HeldStore implements TokenReader, RecordReader, ChangeSource, ReadReplica {
  #tokens = new Map<string, Token>()
  #changes: TokenChange[] = []
  #version = 0
  #line: string | undefined
  #promotions = 0
  #held: (() => void)[] = []
  /** Answers wait for `release`. */
  holds = false
  /** Nothing is answered. */
  isDown = false
  finds = 0
  polls = 0

  add(token: Token): Digests {
    const digests = digestsOf(token.id)
    this.#tokens.set(digests[0].value, token)
    return digests
  }

  /** Commits a revocation and returns its version. */
  revoke(tokenId: string): number {
    this.#edit(tokenId, { revokedAt: 1 })
    return this.#change({ tokenId, subjectId: undefined })
  }

  disableSubject(subjectId: string): number {
    for (const { id, subject } of this.#tokens.values()) {
      if (subject.id === subjectId) this.#edit(id, { subject: { ...subject, status: 'disabled' } })
    }
    return this.#change({ tokenId: undefined, subjectId })
  }

  /** As a restored backup would: the changes after `version` never happened. */
  restore(version: number, token: Token): void {
    this.#version = version
    this.#changes = this.#changes.filter((change) => change.version <= version)
    this.add(token)
  }

  get line(): string | undefined {
    return this.#line
  }

  /** What does not change any more. */
  capture(): Snapshot {
    return { ...this.#present(), tokens: new Map(this.#tokens), changes: [...this.#changes] }
  }

  /** Is from now on what was captured, as a replica that has followed so far. */
  follow({ tokens, changes, version, line }: Snapshot): void {
    this.#tokens = new Map(tokens)
    this.#changes = [...changes]
    this.#version = version
    this.#line = line
  }

  /** What was committed since the snapshot is lost, and a line of its own begins. */
  failOver(snapshot: Snapshot): void {
    this.follow({ ...snapshot, line: `promotion ${++this.#promotions}` })
  }

  /** Forgets changes up to `version`. */
  prune(version: number): void {
    this.#changes = this.#changes.filter((change) => change.version > version)
  }

  async find(digests: Digests): Promise<Reading> {
    this.finds++
    return this.#answer(findIn(this.#present(), digests))
  }

  findById(id: string): Promise<Reading> {
    return this.find(digestsOf(id))
  }

  async readClock(): Promise<ClockReading> {
    this.polls++
    return this.#answer(clockOf(this.#present()))
  }

  async changesAfter(version: number, limit: number): Promise<readonly TokenChange[]> {
    return this.#answer(this.#changes.filter((change) => change.version > version).slice(0, limit))
  }

  async close(): Promise<void> {}

  /** Lets every answer that is held back go. */
  release(): void {
    this.holds = false
    for (const go of this.#held.splice(0)) go()
  }

  #present(): Snapshot {
    return { tokens: this.#tokens, changes: this.#changes, version: this.#version, line: this.#line }
  }

  async #answer<T>(value: T): Promise<T> {
    if (this.isDown) throw new StoreUnavailable('down')
    if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve))
    return value
  }

  #edit(tokenId: string, fields: Partial<Token>): void {
    const key = digestsOf(tokenId)[0].value
    const token = this.#tokens.get(key)
    if (token === undefined) throw new Error(`no token ${tokenId}`)
    this.#tokens.set(key, { ...token, ...fields })
  }

  #change(change: Omit<TokenChange, 'version' | 'changedAt'>): number {
    this.#version++
    this.#changes.push({ ...change, version: this.#version, changedAt: 1 })
    return this.#version
  }
}

function findIn(snapshot: Snapshot, digests: Digests): Reading {
  const found = digests.find(({ value }) => snapshot.tokens.has(value))
  if (found === undefined) return { ...clockOf(snapshot), token: undefined }
  return { ...clockOf(snapshot), token: snapshot.tokens.get(found.value), keyId: found.keyId }
}

function clockOf({ version, line }: Snapshot): ClockReading {
  return line === undefined ? { version } : { version, line }
}

export function digestsOf(tokenId: string): Digests {
  return [{ keyId: 'k1', value: `digest-of-${tokenId}` }]
}

/** An active personal token of the subject `subjectId`. */
export function aToken(id: string, subjectId = `subject-of-${id}`): Token {
  return {
    id,
    kind: 'personal',
    subject: { id: subjectId, name: subjectId, kind: 'user', status: 'active', createdAt: 0 },
    scopes: ['read'],
    bindings: { project: ['pip', '*'] },
    access: 'read-only',
    networks: undefined,
    paths: ['/v1/a'],
    description: '',
    createdAt: 0,
    createdBy: 'test',
    expiresAt: 4_000_000_000_000,
    lastUsedAt: undefined,
    lastUsedAddress: undefined,
    revokedAt: undefined,
    revokedBy: undefined,
    revokedCause: undefined,
    parentId: undefined,
    rotatedFrom: undefined,
    rotatedTo: undefined,
  }
}
