/**
 * The way of a single connection into a cluster: to the nodes that the settings name, one after the other, and from
 * there to the one that another node refers to.
 * @module
 */

import { connect as connectTcp } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { AbstractConnector, Redis } from 'ioredis'
import type { RedisServers } from '../config/schema/redis.ts'
import { cautious, disconnectTimeoutMs, reconnectDelayMs } from './connecting.ts'
import { hostPort, type NodeAddress, nameOf, natMapOf } from './node-address.ts'
import { tlsOptions } from './tls-options.ts'

/** Where the next connection goes. */
export class ClusterRoute {
  readonly #startNodes: readonly NodeAddress[]
  readonly #addresses: Readonly<Record<string, NodeAddress>>
  #attempts = 0
  #present: NodeAddress
  #referral: NodeAddress | undefined

  /** `nodes` are not empty. */
  constructor({ nodes, addresses = {} }: NonNullable<RedisServers['cluster']>) {
    this.#startNodes = nodes.map((node) => hostPort(node))
    this.#addresses = natMapOf(addresses)
    this.#present = this.#startNodes[0] as NodeAddress
  }

  /** The node that was referred to, once; then the next of those in the settings. */
  next(): NodeAddress {
    const start = this.#startNodes[this.#attempts % this.#startNodes.length] as NodeAddress
    if (this.#referral === undefined) this.#attempts++
    this.#present = this.#referral ?? start
    this.#referral = undefined
    return this.#present
  }

  /** Takes `MOVED slot host:port` as the way to go on; any other answer of a node is none. */
  refer(answer: string): void {
    const [, text] = /^MOVED \d+ (\S*:\d+)$/.exec(answer) ?? []
    if (text === undefined) return
    const { host, port } = hostPort(text)
    // A node that does not know its own name means the one that it was reached by.
    const told = { host: host === '' ? this.#present.host : host, port }
    this.#referral = this.#addresses[nameOf(told)] ?? told
  }
}

/** A connection that each attempt takes where the route leads. Not connected yet. */
export function openAlong(route: ClusterRoute, servers: RedisServers): Redis {
  const tls = tlsOptions(servers)
  const { username, password } = servers.cluster ?? {}
  return new Redis({
    ...cautious,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    retryStrategy: reconnectDelayMs,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
    Connector: connectorAlong(route, tls),
  })
}

function connectorAlong(route: ClusterRoute, tls: ConnectionOptions | undefined) {
  return class extends AbstractConnector {
    constructor() {
      super(disconnectTimeoutMs)
    }

    async connect() {
      const address = route.next()
      this.connecting = true
      this.stream = tls === undefined ? connectTcp(address) : connectTls({ ...address, ...tls })
      // As the other connectors do: an error before anybody listens is told afterwards.
      this.stream.once('error', (error) => {
        this.firstError = error
      })
      return this.stream
    }
  }
}
