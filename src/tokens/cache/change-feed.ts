/**
 * Follows the store's change clock by polling it. Tiers learn here which of their entries a change has overtaken, and
 * that nothing they hold may be trusted once polls have stopped succeeding for longer than the lease.
 * @module
 */

import type { ChangeSource, ClockReading, TokenChange } from '../ports.ts'
import { RememberedChanges } from './remembered-changes.ts'

/** Changes asked for at once; a poll goes on asking until it has them all. */
const batchMax = 1_000

/** Whoever holds something derived from tokens. Called before the poll that brought the news counts as succeeded. */
export interface ChangeListener {
  /** In rising order of versions. Must not throw. */
  changed(changes: readonly TokenChange[]): void
  /**
   * Another server took the place of the store, the clock went back, as after a restored backup, or changes were
   * missed: nothing read before may be used. With `isNewLine` the line tells what was read before. Must not throw.
   */
  reset(isNewLine: boolean): void
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
  /**
   * Up to when, on that clock, this replica is sure to hear of changes that others wait for. Omitted where nobody
   * tells of changes, and polls alone vouch for what tiers hold.
   */
  readonly attentiveUntil?: () => number
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
  readonly #remembered = new RememberedChanges()
  #version: number | undefined
  #confirmedAt = Number.NEGATIVE_INFINITY
  /** How often `heed` was called, and how often it had been when the last poll that succeeded began. */
  #notices = 0
  #heeded = 0
  #failingSince: number | undefined
  /** When a poll last began or ended. */
  #stirredAt = Number.POSITIVE_INFINITY
  #underWay: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined
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
    await this.#next
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

  /** Whether what tiers hold may be used as the present state. Costs a few comparisons. */
  isFresh(now = this.#options.monotonic()): boolean {
    return now - this.#confirmedAt < this.#options.leaseMs && !this.#isInDoubt(now)
  }

  /**
   * Whether a poll that succeeded began less than `ms` ago, what it brought is not in doubt since, and the store was
   * asked again and again until now: whoever stood still cannot know that it did not answer all the while.
   */
  isConfirmedWithin(ms: number, now = this.#options.monotonic()): boolean {
    return now - this.#confirmedAt < ms && !this.#isInDoubt(now) && !this.#hasStoodStill(now)
  }

  /** Whether polls succeed often enough, be what they brought in doubt or not. */
  get isFollowing(): boolean {
    return this.#options.monotonic() - this.#confirmedAt < this.#options.leaseMs
  }

  /** Whether only a poll can tell, one that begins now, and it may: nothing that is held is fresh until then. */
  get wantsConfirming(): boolean {
    return this.#failingSince === undefined && this.#isInDoubt(this.#options.monotonic())
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

  /** The line of commits that `version` counts; `undefined` also where the store has only one. */
  get line(): string | undefined {
    return this.#remembered.line
  }

  /** Whether every change after that version is known. */
  remembersSince(version: number): boolean {
    return this.#remembered.reachBackTo(version)
  }

  /**
   * Whether a record read at that version still holds as far as the feed knows. False also when the feed cannot know:
   * before its first poll, on another line, and for versions older than what it remembers.
   */
  isCurrent(reading: ClockReading, tokenId: string, subjectId: string): boolean {
    return this.#remembered.leaveCurrent(reading, tokenId, subjectId)
  }

  /** Fetches what has changed, or joins the poll under way. Yields whether that succeeded; never rejects. */
  poll(): Promise<boolean> {
    this.#underWay ??= this.#poll().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  /** As `poll`, but never joins one that began before the call: success means that no change until now is missing. */
  confirm(): Promise<boolean> {
    this.#next ??= (this.#underWay ?? Promise.resolve()).then(() => {
      this.#next = undefined
      return this.#isStopped ? false : this.poll()
    })
    return this.#next
  }

  /**
   * Something has changed, whatever it was: from this call on nothing that was read before is trusted, not even for
   * the grace of an outage, until a poll that begins later has succeeded. Yields whether the first one did.
   */
  heed(): Promise<boolean> {
    this.#notices++
    return this.confirm()
  }

  async #pollAndSchedule(): Promise<void> {
    const startedAt = this.#options.monotonic()
    await this.poll()
    if (this.#isStopped) return
    const tookMs = this.#options.monotonic() - startedAt
    const delayMs = Math.max(0, this.#options.pollIntervalMs - tookMs)
    this.#timer = setTimeout(() => void this.#pollAndSchedule(), delayMs).unref()
  }

  #isInDoubt(now: number): boolean {
    return (
      this.#heeded !== this.#notices || now >= (this.#options.attentiveUntil?.() ?? Number.POSITIVE_INFINITY)
    )
  }

  /** Neither polls nor pauses between them last that long: this process was held up, frozen for instance. */
  #hasStoodStill(now: number): boolean {
    return now - this.#stirredAt > this.#deadlineMs + this.#options.leaseMs
  }

  /** Yields the time. What was held when the process stood still is in doubt from then on. */
  #stir(): number {
    const now = this.#options.monotonic()
    if (this.#hasStoodStill(now)) this.#notices++
    this.#stirredAt = now
    return now
  }

  async #poll(): Promise<boolean> {
    const startedAt = this.#stir()
    const notices = this.#notices
    try {
      await withDeadline(this.#deadlineMs, (signal) => this.#advance(signal))
    } catch (error) {
      // Who notices a deadline that late was held up, and cannot tell whether the answer was in time.
      if (this.#stir() - startedAt > this.#options.leaseMs) return false
      if (this.#failingSince !== undefined) return false
      this.#failingSince = startedAt
      this.#options.failing(error)
      for (const act of this.#onFailing) act()
      return false
    }
    this.#stir()
    this.#confirmedAt = startedAt
    this.#heeded = notices
    if (this.#failingSince === undefined) return true
    this.#options.recovered(this.#options.monotonic() - this.#failingSince)
    this.#failingSince = undefined
    return true
  }

  async #advance(signal: AbortSignal): Promise<void> {
    const { source } = this.#options
    const clock = await source.readClock(signal)
    signal.throwIfAborted()
    const present = clock.version
    const isElsewhere = clock.line !== this.line
    if (this.#version === undefined || isElsewhere || present < this.#version) this.#beginAt(clock)
    while (this.#version !== undefined && this.#version < present) {
      const changes = await source.changesAfter(this.#version, batchMax, signal)
      // A poll past its deadline has been given up, and another one may be under way.
      signal.throwIfAborted()
      // Versions are given out without gaps: one that is missing was pruned while nobody here was listening.
      if (changes[0]?.version === this.#version + 1) this.#take(changes)
      else this.#beginAt(clock)
    }
    this.#remembered.forget(this.#options.monotonic() - this.#options.retentionMs)
  }

  #beginAt(clock: ClockReading): void {
    const isRestart = this.#version !== undefined
    const isNewLine = clock.line !== this.line
    this.#remembered.begin(clock)
    this.#version = clock.version
    if (isRestart) for (const listener of this.#listeners) listener.reset(isNewLine)
  }

  #take(changes: readonly TokenChange[]): void {
    const last = changes.at(-1)
    if (last === undefined) return
    this.#remembered.take(changes, this.#options.monotonic())
    this.#version = last.version
    for (const listener of this.#listeners) listener.changed(changes)
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
