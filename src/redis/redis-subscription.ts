/**
 * A connection that only listens. It is opened anew for ever; nothing that was published while it was away is heard.
 * @module
 */

import { Redis } from 'ioredis'
import { connectTimeoutMs, reconnectDelayMs } from './reconnecting.ts'

export interface RedisSubscriptionOptions {
  /** `redis://…` or `rediss://…`; may hold a password, and is never logged. */
  readonly url: string
  readonly channels: readonly string[]
  /** Called with each message, in the order of publication. */
  readonly heard: (message: string) => void
  /** Called whenever the connection is gone: from then on messages are missed. */
  readonly lost: () => void
}

/** Whether it hears anything is for its owner to find out; a connection may be dead without a word. */
export class RedisSubscription {
  readonly #redis: Redis

  constructor({ url, channels, heard, lost }: RedisSubscriptionOptions) {
    this.#redis = new Redis(url, {
      lazyConnect: true,
      protocol: 2,
      disableClientInfo: true,
      enableOfflineQueue: false,
      // «ready» then follows from the connection alone, and the subscription is renewed with it.
      enableReadyCheck: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: connectTimeoutMs,
      retryStrategy: reconnectDelayMs,
    })
    // Without a listener an error would end the process; the client for commands tells of the same trouble.
    this.#redis.on('error', () => {})
    this.#redis.on('ready', () => {
      this.#redis.subscribe(...channels).catch(() => {})
    })
    this.#redis.on('message', (_channel, message) => heard(message))
    this.#redis.on('close', lost)
  }

  /** Resolves when the first attempt has ended, well or badly; attempts go on in the background. */
  async connect(): Promise<void> {
    await this.#redis.connect().catch(() => {})
  }

  /** Gives up a connection on which nothing is heard. One that is being opened already is left alone. */
  reconnect(): void {
    if (this.#redis.status === 'ready') this.#redis.disconnect(true)
  }

  /** Idempotent. */
  close(): void {
    this.#redis.removeAllListeners('close')
    this.#redis.disconnect()
  }
}
