/**
 * A connection that only listens. It is opened anew for ever; nothing that was published while it was away is heard.
 *
 * In a cluster it is a sharded subscription, on a node of the one slot that its channels and the hash of the notice
 * board share: where a lease is recorded the notices of it are published, no other node carries them on, and a node that
 * gives the slot away, to another or to its own replica, ends the subscription, which is a connection lost. An ordinary
 * one could stay for ever on a node that has nothing to do with the slot any more.
 * @module
 */

import type { Redis } from 'ioredis'
import type { RedisServers } from '../config/schema/redis.ts'
import { ClusterRoute, openAlong } from './cluster-route.ts'
import { firstAttempt, openServer } from './connecting.ts'

export interface RedisSubscriptionOptions {
  /** Its passwords are never logged. */
  readonly servers: RedisServers
  /** Of one slot. */
  readonly channels: readonly string[]
  /** Called with each message, in the order in which the server sent them. */
  readonly heard: (message: string) => void
  /** Called whenever the connection is gone: from then on messages are missed. */
  readonly lost: () => void
}

/** Whether it hears anything is for its owner to find out; a connection may be dead without a word. */
export class RedisSubscription {
  readonly #redis: Redis

  constructor({ servers, channels, heard, lost }: RedisSubscriptionOptions) {
    this.#redis = servers.cluster
      ? this.#openSharded(new ClusterRoute(servers.cluster), servers, channels)
      : this.#openPlain(servers, channels)
    // Without a listener an error would end the process; the client for commands tells of the same trouble.
    this.#redis.on('error', () => {})
    this.#redis.on(servers.cluster ? 'smessage' : 'message', (_channel, message) => heard(message))
    this.#redis.on('close', lost)
  }

  /** Resolves when the first attempt has ended, well or badly; attempts go on in the background. */
  connect(): Promise<void> {
    return firstAttempt(this.#redis.connect())
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

  #openPlain(servers: RedisServers, channels: readonly string[]): Redis {
    // «ready» then follows from the connection alone, and the subscription is renewed with it.
    const redis = openServer(servers, { enableReadyCheck: false, autoResubscribe: false })
    redis.on('ready', () => {
      redis.subscribe(...channels).catch(() => {})
    })
    return redis
  }

  #openSharded(route: ClusterRoute, servers: RedisServers, channels: readonly string[]): Redis {
    const redis = openAlong(route, servers)
    redis.on('ready', () => {
      redis.ssubscribe(...channels).catch((error: Error) => {
        route.refer(error.message)
        this.reconnect()
      })
    })
    // The node ended the subscription, because the slot is no longer its own.
    redis.on('moved', () => this.reconnect())
    return redis
  }
}
