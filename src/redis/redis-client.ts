/**
 * The connection for commands to Redis, made so that Redis can only ever save time: every command has a deadline, nothing is
 * queued or sent twice, and a server that is dead or frozen is not asked again until a single probe succeeds.
 * @module
 */

import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel'
import { type Cluster, Command, type Redis } from 'ioredis'
import type { RedisServers } from '../config/schema/redis.ts'
import { firstAttempt, openCluster, openServer } from './connecting.ts'

const failuresBeforeOpening = 3
const openForMs = 1_000
/** A connection on which an answer is overdue for this long is closed: its peer may be gone without a word. */
const silenceMaxMs = 1_000
/** A cluster tells of a moved slot when it is asked for it; this finds nodes that nobody was sent to. */
const slotsRefreshMs = 5_000

export type RedisState = 'up' | 'down'

export interface RedisClientOptions {
  /** Its passwords are never logged. */
  readonly servers: RedisServers
  /** Deadline of each command. */
  readonly timeoutMs: number
  /**
   * Called once per change of state; a cluster is up when none of its nodes is known to fail. `reason` is a code such as
   * `ECONNREFUSED`, without any text of the server's.
   */
  readonly stateChanged: (state: RedisState, reason: string) => void
}

/** Reads and writes bytes under a key, and runs scripts. Any failure rejects, within the deadline; the caller goes on without Redis. */
export class RedisClient {
  readonly #redis: Redis | Cluster
  /** One for each server that is asked: a frozen node of a cluster must not hide behind those that answer. */
  readonly #breakers = new Map<string, CircuitBreakerPolicy>()
  readonly #failing = new Set<string>()
  readonly #stateChanged: RedisClientOptions['stateChanged']
  /** The client for clusters has such a timer itself, which can outlive its end. */
  readonly #refreshing: NodeJS.Timeout
  #state: RedisState | undefined
  #lastReason = 'closed'

  constructor({ servers, timeoutMs, stateChanged }: RedisClientOptions) {
    this.#stateChanged = stateChanged
    const deadlines = { commandTimeout: timeoutMs, socketTimeout: silenceMaxMs }
    this.#redis = servers.cluster
      ? openCluster(servers, deadlines)
      : openServer(servers, { ...deadlines, reconnectOnError: isDeposed })
    this.#redis.on('error', (error: unknown) => {
      this.#lastReason = reasonOf(error)
    })
    this.#redis.on('ready', () => this.#enter('up', 'connected'))
    this.#redis.on('close', () => this.#enter('down', this.#lastReason))
    this.#redis.on('refresh', () => this.#forgetFormer())
    this.#refreshing = setInterval(() => this.#refresh(), slotsRefreshMs).unref()
  }

  /** Whether the last that was heard of Redis was good. */
  get state(): RedisState {
    return this.#state ?? 'down'
  }

  /** Resolves when the first attempt to connect has ended, well or badly; attempts go on in the background. */
  connect(): Promise<void> {
    return firstAttempt(this.#redis.connect())
  }

  /** The first `bytesMax` bytes under a key; none when there is no such key. Never fetches more than that. */
  read(key: string, bytesMax: number): Promise<Buffer> {
    return this.#guard(key, () => this.#redis.getrangeBuffer(key, 0, bytesMax - 1))
  }

  /** Keeps `value` under a key for `ttlMs`. */
  async write(key: string, value: Buffer, ttlMs: number): Promise<void> {
    await this.#guard(key, () => this.#redis.set(key, value, 'PX', ttlMs))
  }

  /** Runs a script, which Redis does at one stroke, on one key. Yields what it returns. */
  run(script: string, key: string, values: readonly (string | number)[]): Promise<unknown> {
    return this.#guard(key, () => this.#redis.eval(script, 1, key, ...values))
  }

  /** The same on several keys, all of them in one slot of a cluster. */
  runOnSlot(
    script: string,
    keys: readonly [string, ...string[]],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    return this.#guard(keys[0], () => this.#redis.eval(script, keys.length, ...keys, ...values))
  }

  /** Closes the connection at once. Idempotent. */
  close(): void {
    clearInterval(this.#refreshing)
    this.#redis.removeAllListeners('close')
    this.#redis.disconnect()
  }

  async #guard<T>(key: string, command: () => Promise<T>): Promise<T> {
    const breaker = this.#breakerOf(this.#serverOf(key))
    // The breaker would let callers wait for its probe; they have a store to ask instead.
    if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError()
    return await breaker.execute(command)
  }

  /** Who is asked for a key; all the same where only one server is asked at a time. */
  #serverOf(key: string): string {
    if (!('slots' in this.#redis)) return ''
    const slot = new Command('get', [key]).getSlot()
    return (slot !== null && this.#redis.slots[slot]?.[0]) || ''
  }

  #breakerOf(server: string): CircuitBreakerPolicy {
    const known = this.#breakers.get(server)
    if (known !== undefined) return known
    const breaker = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(failuresBeforeOpening),
      halfOpenAfter: openForMs,
    })
    breaker.onReset(() => {
      this.#failing.delete(server)
      if (this.#failing.size === 0) this.#enter('up', 'answering')
    })
    breaker.onBreak((failure) => {
      this.#failing.add(server)
      this.#enter('down', 'error' in failure ? reasonOf(failure.error) : 'failing')
    })
    this.#breakers.set(server, breaker)
    return breaker
  }

  #refresh(): void {
    if ('slots' in this.#redis) this.#redis.refreshSlotsCache()
  }

  /** A cluster has told who holds which slot: what became of a server that holds none is of no interest. */
  #forgetFormer(): void {
    if (!('slots' in this.#redis)) return
    const holders = new Set(this.#redis.slots.map((nodes) => nodes?.[0]))
    for (const server of this.#breakers.keys()) {
      if (holders.has(server)) continue
      this.#breakers.delete(server)
      if (this.#failing.delete(server) && this.#failing.size === 0) this.#enter('up', 'replaced')
    }
  }

  #enter(state: RedisState, reason: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#stateChanged(state, reason)
  }
}

/** Whether the server says that it is no master, or not one that still has replicas: another one may be by now. */
function isDeposed({ message }: Error): boolean {
  return /^(READONLY|NOREPLICAS) /.test(message)
}

/** A code or the first word of the message: what follows may quote a command, and with it a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  // What a cluster whose nodes all failed heard from the last of them.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return reasonOf(error.lastNodeError)
  if (error.message === 'Command timed out') return 'ETIMEDOUT'
  if ('code' in error && typeof error.code === 'string') return error.code
  return /^[A-Z]{3,}/.exec(error.message)?.[0] ?? error.name
}
