/**
 * Where hashes of presented secrets are computed. Expensive ones run on the runtime's threads, few at a time, and wait
 * in a short queue: a flood of wrong secrets is refused beyond it, and starves neither the event loop nor the threads.
 * @module
 */

import { createHash, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { StoreUnavailable } from '../ports.ts'
import type { Hashes } from './foreign-format.ts'

const derive = promisify(pbkdf2)
const derivedBytes = 32

export interface HashPoolOptions {
  /** Expensive hashes at once; the runtime has four threads, which files and names need too. */
  readonly concurrentMax?: number
  readonly waitingMax?: number
  /** Whoever has waited longer is turned away unhashed: the client has likely given up. */
  readonly waitMsMax?: number
  /** Told of every hash that is computed. */
  readonly onHash?: (algorithm: HashAlgorithm) => void
  /** Milliseconds that never go back. */
  readonly monotonic?: () => number
}

export type HashAlgorithm = 'sha256' | 'sha512' | 'pbkdf2'

interface Waiting {
  readonly since: number
  readonly proceed: () => void
  readonly giveUp: (error: Error) => void
}

export class HashPool implements Hashes {
  readonly #options: Required<HashPoolOptions>
  readonly #waiting: Waiting[] = []
  #running = 0

  constructor(options: HashPoolOptions = {}) {
    const defaults = { concurrentMax: 2, waitingMax: 64, waitMsMax: 2_000, onHash: () => {} }
    this.#options = { ...defaults, monotonic: () => performance.now(), ...options }
  }

  digest(algorithm: 'sha256' | 'sha512', text: string): Buffer {
    this.#options.onHash(algorithm)
    return createHash(algorithm).update(text).digest()
  }

  async pbkdf2(password: string, salt: string, iterations: number): Promise<Buffer> {
    await this.#turn()
    try {
      this.#options.onHash('pbkdf2')
      return await derive(password, salt, iterations, derivedBytes, 'sha256')
    } finally {
      this.#passOn()
    }
  }

  async #turn(): Promise<void> {
    const { concurrentMax, waitingMax, monotonic } = this.#options
    if (this.#running < concurrentMax) {
      this.#running++
      return
    }
    if (this.#waiting.length >= waitingMax) throw tooMany()
    const { promise, resolve: proceed, reject: giveUp } = Promise.withResolvers<void>()
    this.#waiting.push({ since: monotonic(), proceed, giveUp })
    return promise
  }

  #passOn(): void {
    const next = this.#nextInTime()
    if (next === undefined) this.#running--
    else next.proceed()
  }

  #nextInTime(): Waiting | undefined {
    const { waitMsMax, monotonic } = this.#options
    let next = this.#waiting.shift()
    while (next !== undefined && monotonic() - next.since > waitMsMax) {
      next.giveUp(tooMany())
      next = this.#waiting.shift()
    }
    return next
  }
}

function tooMany(): StoreUnavailable {
  return new StoreUnavailable('too many secrets are waiting to be verified')
}
