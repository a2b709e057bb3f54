/**
 * Follows the store's change clock by polling it. Tiers learn here which of their entries a change has overtaken, and
 * that nothing they hold may be trusted once polls have stopped succeeding for longer than the lease.
 * @module
 */

import type { ChangeSource, TokenChange } from '../ports.ts'

/** Changes asked for at once; a poll goes on asking until it has them all. */
const batchMax = 1_000
/** Ids whose last change is remembered; beyond it the oldest are forgotten, which costs look-ups and nothing else. */
const rememberedMax = 100_000

/** Whoever holds something derived from tokens. Called before the poll that brought the news counts as succeeded. */
export interface ChangeListener {
  /** In rising order of versions. Must not throw. */
  changed(changes: readonly TokenChange[]): void
  /** The clock went back, as after a restored backup: nothing read before may be used. Must not throw. */
  reset(): void
}

export interface ChangeFeedOptions {
  readonly source: ChangeSource
  readonly pollIntervalMs: number
  /** How long after the start of a poll that succeeded its news are taken for the present state. */
  readonly leaseMs: number
  /** How long changes are remembered; as long as entries of any tier live, or these are judged outdated early. */
  readonly retentionMs: number
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
  /** Called at the first of a row of polls that fail. */
  readonly failing: (error: unknown) => void
  /** Called when polls succeed again. */
  readonly recovered: (failedForMs: number) => void
}

/** Must be started; its timer does not keep the process alive. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #deadlineMs: number
  readonly #listeners = new Set<ChangeListener>()
  readonly #onFailing = new Set<() => void>()
  /** For each token and subject its last change; in the order of versions, so that the first is the oldest. */
  readonly #lastChange = new Map<string, { readonly version: number; readonly at: number }>()
  #version: number | undefined
  /** Every change after this version has been seen and is remembered. */
  #floor = Number.POSITIVE_INFINITY
  #confirmedAt = Number.NEGATIVE_INFINITY
  #failingSince: number | undefined
  #underWay: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: ChangeFeedOptions) {
    this.#options = options
    // The slowest poll after which the next one can still renew the lease in time.
    this.#deadlineMs = Math.max(options.leaseMs - options.pollIntervalMs, options.pollIntervalMs)
  }

  /** Begins to follow. Resolves when the first poll has ended, well or badly; `isFresh` tells which. */
  start(): Promise<void> {
    return this.#pollAndSchedule()
  }

  /** Ends following; nothing is fresh a lease later. Resolves when no poll is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#underWay
  }

  follow(listener: ChangeListener): void {
    this.#listeners.add(listener)
  }

  /** Calls `act`, which must not throw, at the first of each row of polls that fail. Returns how to call that off. */
  onFailing(act: () => void): () => void {
    this.#onFailing.add(act)
    return () => void this.#onFailing.delete(act)
  }

  get leaseMs(): number {
    return this.#options.leaseMs
  }

  /** Whether what tiers hold is the present state, give or take the lease. Costs one subtraction. */
  isFresh(now = this.#options.monotonic()): boolean {
    return now - this.#confirmedAt < this.#options.leaseMs
  }

  /** Whether a poll that succeeded began less than `ms` ago. */
  isConfirmedWithin(ms: number, now = this.#options.monotonic()): boolean {
    return now - this.#confirmedAt < ms
  }

  /** Since the start of the last poll that succeeded; `undefined` before there was one. */
  get ageMs(): number | undefined {
    return Number.isFinite(this.#confirmedAt) ? this.#options.monotonic() - this.#confirmedAt : undefined
  }

  /** Whether the last poll that ended has failed: the store does not answer. */
  get isFailing(): boolean {
    return this.#failingSince !== undefined
  }

  /** The last version whose changes are known; `undefined` before the first poll that succeeded. */
  get version(): number | undefined {
    return this.#version
  }

  /**
   * Whether a record read at `version` still holds as far as the feed knows. False also when the feed cannot know:
   * before its first poll, and for versions older than what it remembers.
   */
  isCurrent(version: number, tokenId: string, subjectId: string): boolean {
    return (
      version >= this.#floor &&
      !this.#changedAfter(version, tokenId) &&
      !this.#changedAfter(version, subjectId)
    )
  }

  /** Fetches what has changed, or joins the poll under way. Never rejects. */
  poll(): Promise<void> {
    this.#underWay ??= this.#poll().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  async #pollAndSchedule(): Promise<void> {
    const startedAt = this.#options.monotonic()
    await this.poll()
    if (this.#isStopped) return
    const tookMs = this.#options.monotonic() - startedAt
    const delayMs = Math.max(0, this.#options.pollIntervalMs - tookMs)
    this.#timer = setTimeout(() => void this.#pollAndSchedule(), delayMs).unref()
  }

  async #poll(): Promise<void> {
    const startedAt = this.#options.monotonic()
    try {
      await withDeadline(this.#deadlineMs, (signal) => this.#advance(signal))
    } catch (error) {
      if (this.#failingSince !== undefined) return
      this.#failingSince = startedAt
      this.#options.failing(error)
      for (const act of this.#onFailing) act()
      return
    }
    this.#confirmedAt = startedAt
    if (this.#failingSince === undefined) return
    this.#options.recovered(this.#options.monotonic() - this.#failingSince)
    this.#failingSince = undefined
  }

  async #advance(signal: AbortSignal): Promise<void> {
    const { source } = this.#options
    const present = await source.currentVersion(signal)
    signal.throwIfAborted()
    if (this.#version === undefined || present < this.#version) this.#beginAt(present)
    while (this.#version !== undefined && this.#version < present) {
      const changes = await source.changesAfter(this.#version, batchMax, signal)
      // A poll past its deadline has been given up, and another one may be under way.
      signal.throwIfAborted()
      this.#take(changes)
      if (changes.length < batchMax) this.#version = Math.max(this.#version, present)
    }
    this.#forget()
  }

  #beginAt(version: number): void {
    const wentBack = this.#version !== undefined
    this.#lastChange.clear()
    this.#version = version
    this.#floor = version
    if (wentBack) for (const listener of this.#listeners) listener.reset()
  }

  #take(changes: readonly TokenChange[]): void {
    const last = changes.at(-1)
    if (last === undefined) return
    const at = this.#options.monotonic()
    for (const { version, tokenId, subjectId } of changes) {
      for (const id of [tokenId, subjectId]) {
        if (id === undefined) continue
        this.#lastChange.delete(id)
        this.#lastChange.set(id, { version, at })
      }
    }
    this.#version = last.version
    for (const listener of this.#listeners) listener.changed(changes)
  }

  #forget(): void {
    const oldest = this.#options.monotonic() - this.#options.retentionMs
    for (const [id, change] of this.#lastChange) {
      if (change.at > oldest && this.#lastChange.size <= rememberedMax) return
      this.#lastChange.delete(id)
      this.#floor = change.version
    }
  }

  #changedAfter(version: number, id: string): boolean {
    const change = this.#lastChange.get(id)
    return change !== undefined && change.version > version
  }
}

/** Rejects at the deadline whether or not `ask` minds its signal. */
async function withDeadline<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const expire = () => reject(signal.reason)
  signal.addEventListener('abort', expire)
  try {
    return await Promise.race([ask(signal), expired])
  } finally {
    signal.removeEventListener('abort', expire)
  }
}
