/**
 * The connection for commands to Redis, made so that Redis can only ever save time: every command has a deadline, nothing is
 * queued or sent twice, and a server that is dead or frozen is not asked again until a single probe succeeds.
 * @module
 */

import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import { Redis } from 'ioredis'
import { connectTimeoutMs, reconnectDelayMs } from './reconnecting.ts'

const failuresBeforeOpening = 3
const openForMs = 1_000
/** A connection on which an answer is overdue for this long is closed: its peer may be gone without a word. */
const silenceMaxMs = 1_000

export type RedisState = 'up' | 'down'

export interface RedisClientOptions {
  /** `redis://…` or `rediss://…`; may hold a password, and is never logged. */
  readonly url: string
  /** Deadline of each command. */
  readonly timeoutMs: number
  /** Called once per change of state. `reason` is a code such as `ECONNREFUSED`, without any text of the server's. */
  readonly stateChanged: (state: RedisState, reason: string) => void
}

/** Reads and writes bytes under a key, and runs scripts. Any failure rejects, within the deadline; the caller goes on without Redis. */
export class RedisClient {
  readonly #redis: Redis
  readonly #breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(failuresBeforeOpening),
    halfOpenAfter: openForMs,
  })
  readonly #stateChanged: RedisClientOptions['stateChanged']
  #state: RedisState | undefined
  #lastReason = 'closed'

  constructor(options: RedisClientOptions) {
    this.#stateChanged = options.stateChanged
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      // Plain commands need no RESP3, and its HELLO would carry the password into error texts of old servers.
      protocol: 2,
      disableClientInfo: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: options.timeoutMs,
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMaxMs,
      retryStrategy: reconnectDelayMs,
    })
    this.#redis.on('error', (error) => {
      this.#lastReason = reasonOf(error)
    })
    this.#redis.on('ready', () => this.#enter('up', 'connected'))
    this.#redis.on('close', () => this.#enter('down', this.#lastReason))
    this.#breaker.onReset(() => this.#enter('up', 'answering'))
    this.#breaker.onBreak((failure) =>
      this.#enter('down', 'error' in failure ? reasonOf(failure.error) : 'failing'),
    )
  }

  /** Whether the last that was heard of Redis was good. */
  get state(): RedisState {
    return this.#state ?? 'down'
  }

  /** Resolves when the first attempt to connect has ended, well or badly; attempts go on in the background. */
  async connect(): Promise<void> {
    // The failure itself arrives as an «error» event.
    await this.#redis.connect().catch(() => {})
  }

  /** The first `bytesMax` bytes under a key; none when there is no such key. Never fetches more than that. */
  read(key: string, bytesMax: number): Promise<Buffer> {
    return this.#guard(() => this.#redis.getrangeBuffer(key, 0, bytesMax - 1))
  }

  /** Keeps `value` under a key for `ttlMs`. */
  async write(key: string, value: Buffer, ttlMs: number): Promise<void> {
    await this.#guard(() => this.#redis.set(key, value, 'PX', ttlMs))
  }

  /** Runs a script, which Redis does at one stroke, on one key. Yields what it returns. */
  run(script: string, key: string, values: readonly (string | number)[]): Promise<unknown> {
    return this.#guard(() => this.#redis.eval(script, 1, key, ...values))
  }

  /** Closes the connection at once. Idempotent. */
  close(): void {
    this.#redis.removeAllListeners('close')
    this.#redis.disconnect()
  }

  async #guard<T>(command: () => Promise<T>): Promise<T> {
    // The breaker would let callers wait for its probe; they have a store to ask instead.
    if (this.#breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError()
    return await this.#breaker.execute(command)
  }

  #enter(state: RedisState, reason: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#stateChanged(state, reason)
  }
}

/** A code or the first word of the message: what follows may quote a command, and with it a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return /^[A-Z]{3,}/.exec(error.message)?.[0] ?? error.name
}
