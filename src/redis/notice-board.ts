/**
 * Where whoever changed a token posts a notice, and where replicas say which they have heeded. Redis carries the news
 * and decides nothing: what changed is asked of the store.
 * @module
 */

import type { RedisServers } from '../config/schema/redis.ts'
import { type NoticeScripts, noticeScripts } from './notice-scripts.ts'
import type { RedisClient } from './redis-client.ts'

/**
 * Which notice. Counted from when the server that answers began to remember; one that has forgotten, was started again
 * or has taken the place of another begins a new epoch.
 */
export interface NoticeMark {
  /** Milliseconds since the epoch by Redis' clock. */
  readonly epoch: number
  readonly count: number
}

/** A sign of life that a replica sends to itself by way of Redis. */
export interface Beat {
  /** On the replica's monotonic clock, in milliseconds. */
  readonly sentAt: number
  /** Whether Redis recorded a lease with it, on which whoever posts a notice waits. */
  readonly isLease: boolean
}

/** What a replica hears: a notice as it is posted, or its own beat with the last notice before it. */
export interface Hearing {
  readonly mark: NoticeMark
  readonly beat?: Beat
}

/** All replicas that may trust their memory, as Redis knows them. */
export interface Roll {
  /** By Redis' clock. */
  readonly now: number
  /** The last notice posted. */
  readonly mark: NoticeMark
  readonly replicas: readonly { readonly until: number; readonly heeded: NoticeMark | undefined }[]
}

export interface BeatToSend extends Beat {
  /** The last notice that the replica has heeded. */
  readonly heeded: NoticeMark | undefined
}

/** Has a client of its own. Every call rejects when Redis does not answer within the deadline of that. */
export class NoticeBoard {
  readonly #client: RedisClient
  readonly #scripts: NoticeScripts
  /** In braces, so that a cluster keeps hash and channels in one slot. */
  readonly #name: string

  /** `prefix` is that of every key; replicas and commands that share it share the board. */
  constructor(client: RedisClient, servers: RedisServers, prefix: string) {
    this.#client = client
    this.#scripts = noticeScripts({
      isSharded: servers.cluster !== undefined,
      followers: (servers.sentinel ?? servers.cluster)?.followers ?? 0,
    })
    this.#name = `${prefix}{revocation}:`
  }

  /** Resolves when the first attempt has ended, well or badly; attempts go on in the background. */
  connect(): Promise<void> {
    return this.#client.connect()
  }

  /** Idempotent. */
  close(): void {
    this.#client.close()
  }

  /** The channels that the replica `id` must hear, on one connection: what is published first arrives first. */
  channelsOf(id: string): readonly string[] {
    return [this.#commonChannel, this.#ownChannel(id)]
  }

  /** Posts a notice. Every lease that was recorded by then is in the roll. */
  async post(): Promise<Roll> {
    return readRoll(await this.#client.run(this.#scripts.post, this.#key, [this.#commonChannel]))
  }

  async roll(): Promise<Roll> {
    return readRoll(await this.#client.run(this.#scripts.roll, this.#key, []))
  }

  /** `leaseMs` is what Redis records when the beat is a lease. */
  async beat(id: string, { sentAt, isLease, heeded }: BeatToSend, leaseMs: number): Promise<void> {
    const echo = `${sentAt} ${isLease ? 1 : 0}`
    const values = [id, isLease ? leaseMs : 0, markText(heeded), this.#ownChannel(id), echo]
    await this.#client.run(this.#scripts.beat, this.#key, values)
  }

  async heed(id: string, mark: NoticeMark): Promise<void> {
    await this.#client.run(this.#scripts.heed, this.#key, [id, markText(mark)])
  }

  /** Gives the lease up. The replica must have stopped trusting its memory. */
  async leave(id: string): Promise<void> {
    await this.#client.run(this.#scripts.leave, this.#key, [id])
  }

  get #key(): string {
    return `${this.#name}replicas`
  }

  get #commonChannel(): string {
    return `${this.#name}changes`
  }

  #ownChannel(id: string): string {
    return `${this.#name}replica:${id}`
  }
}

/** What a message on one of a replica's channels says; `undefined` for anything that this release would not send. */
export function readHearing(message: string): Hearing | undefined {
  const [, sentAt, isLease, text = ''] = /^(?:(\d+(?:\.\d+)?) ([01]) )?(\d+\/\d+)$/.exec(message) ?? []
  const mark = readMark(text)
  if (mark === undefined || sentAt === undefined) return mark && { mark }
  return { mark, beat: { sentAt: Number(sentAt), isLease: isLease === '1' } }
}

function readRoll(reply: unknown): Roll {
  const [now, markOf, fields]: readonly unknown[] = Array.isArray(reply) ? reply : []
  const mark = readMark(String(markOf))
  if (mark === undefined || !Array.isArray(fields)) throw new Error('Redis told no roll of replicas')
  // Values of fields that are no replicas have no second word.
  const entries = fields
    .map((value) => /^(\d+) (\d+\/\d+)$/.exec(String(value)))
    .filter((entry) => entry !== null)
  const replicas = entries.map(([, until, heeded = '']) => ({
    until: Number(until),
    heeded: readMark(heeded),
  }))
  return { now: Number(now), mark, replicas }
}

function markText(mark: NoticeMark | undefined): string {
  return `${mark?.epoch ?? 0}/${mark?.count ?? 0}`
}

function readMark(text: string): NoticeMark | undefined {
  const [, epoch, count] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  return epoch === undefined ? undefined : { epoch: Number(epoch), count: Number(count) }
}
