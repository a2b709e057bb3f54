/**
 * Keeps a replica attentive: sends its beats, hears notices, has the feed heed them, and tells whoever waits.
 * @module
 */

import { type BeatToSend, type Hearing, type NoticeMark, readHearing } from '../../redis/notice-board.ts'
import { type Attention, hear, heed, inattentive, loseTouch, nextBeat } from './revocation-attention.ts'
import { leaseMarginMs } from './revocation-roll.ts'

/** Beats in one lease: some may be lost before it ends. */
const beatsPerLease = 4

/** The connection that notices and beats arrive on. */
export interface NoticeSource {
  connect(): Promise<void>
  reconnect(): void
  close(): void
}

export interface RevocationListenerOptions {
  /** Unlike that of any other replica, and of any earlier life of this one. */
  readonly id: string
  readonly leaseMs: number
  /** Closed by the listener. */
  readonly board: {
    connect(): Promise<void>
    beat(id: string, beat: BeatToSend, leaseMs: number): Promise<void>
    heed(id: string, mark: NoticeMark): Promise<void>
    leave(id: string): Promise<void>
    close(): void
  }
  readonly listen: (on: { heard(message: string): void; lost(): void }) => NoticeSource
  /** Has the feed distrust what it brought until it has asked again. Called before `attentiveUntil` tells of anything new. */
  readonly heed: () => Promise<unknown>
  /** Milliseconds that never go back; the feed's own clock. */
  readonly monotonic: () => number
}

/** Its timer does not keep the process alive. A failure of Redis ends attention and is no error. */
export class RevocationListener {
  readonly #options: RevocationListenerOptions
  readonly #source: NoticeSource
  readonly #firstLease = Promise.withResolvers<void>()
  #attention: Attention = inattentive
  /** When the present connection was last given a chance, on the monotonic clock. */
  #listeningSince = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: RevocationListenerOptions) {
    this.#options = options
    this.#source = options.listen({
      heard: (message) => this.#hear(readHearing(message)),
      lost: () => {
        this.#attention = loseTouch(this.#attention)
      },
    })
  }

  /** On the monotonic clock; in the past when this replica may miss a notice. */
  get attentiveUntil(): number {
    return this.#attention.heldUntil
  }

  /** Resolves when the first attempt has ended, well or badly; attempts go on in the background. */
  async connect(): Promise<void> {
    await Promise.all([this.#source.connect(), this.#options.board.connect()])
  }

  /** Begins to beat. Resolves with the first lease, or one beat later when there is none by then. */
  async start(): Promise<void> {
    this.#listeningSince = this.#options.monotonic()
    this.#timer = setInterval(() => this.#beat(), this.#beatMs).unref()
    const waited = setTimeout(() => this.#firstLease.resolve(), this.#beatMs)
    this.#beat()
    await this.#firstLease.promise
    clearTimeout(waited)
  }

  /** Nobody waits for this replica any more, and it trusts nothing. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#source.close()
    this.#attention = inattentive
    const { id, board } = this.#options
    await board.leave(id).catch(ignore)
    board.close()
  }

  get #beatMs(): number {
    return this.#options.leaseMs / beatsPerLease
  }

  #beat(): void {
    const { id, board, leaseMs, monotonic } = this.#options
    const now = monotonic()
    const [attention, beat] = nextBeat(this.#attention, now)
    this.#attention = attention
    board.beat(id, beat, leaseMs + leaseMarginMs).catch(ignore)
    if (now - Math.max(attention.lastHeardAt, this.#listeningSince) > leaseMs) {
      this.#listeningSince = now
      this.#source.reconnect()
    }
  }

  #hear(hearing: Hearing | undefined): void {
    if (hearing === undefined) return
    const { attention, isNews } = hear(this.#attention, hearing, this.#options.leaseMs)
    this.#attention = attention
    if (isNews) void this.#heed(hearing.mark)
    if (hearing.beat === undefined) return
    if (hearing.beat.isLease) this.#firstLease.resolve()
    // The first beat has come back: the lease need not wait for the next one.
    else if (attention.lastHeardAt === attention.lastSentAt) this.#beat()
  }

  /** What the notice took away is gone, or at least distrusted, before anybody is told that it is. */
  async #heed(mark: NoticeMark): Promise<void> {
    await this.#options.heed()
    this.#attention = heed(this.#attention, mark)
    await this.#options.board.heed(this.#options.id, mark).catch(ignore)
  }
}

function ignore(): void {}
