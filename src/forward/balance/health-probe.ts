/**
 * Asks one target again and again how it is, over a connection of its own: a pool that is busy must not look like a
 * service that is down.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { askUpstream } from '../ask-upstream.ts'
import type { UpstreamClient } from '../upstream-client.ts'
import type { TargetHealth } from './target-health.ts'

/** See `upstreams.*.health`; times in milliseconds. */
export interface ProbeSettings {
  readonly path: string
  readonly interval: number
  readonly timeout: number
  readonly healthyAfter: number
  readonly unhealthyAfter: number
  readonly statuses: readonly number[]
}

const bodyBytesMax = 64 * 1024

/** Begins when it is made. */
export class HealthProbe {
  readonly #settings: ProbeSettings
  readonly #client: UpstreamClient
  readonly #authority: string
  readonly #health: TargetHealth
  readonly #stopped = new AbortController()
  readonly #done: Promise<void>
  #isWell = true
  /** Answers in a row that say otherwise. */
  #contrary = 0

  /** Closes the client in the end. */
  constructor(settings: ProbeSettings, client: UpstreamClient, authority: string, health: TargetHealth) {
    this.#settings = settings
    this.#client = client
    this.#authority = authority
    this.#health = health
    this.#done = this.#run()
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#client.close()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const reason = await this.#ask()
      if (signal.aborted) return
      this.#note(reason)
      const delayMs = this.#settings.interval * (0.9 + Math.random() / 5)
      await sleep(delayMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** What is wrong; `undefined` when all is well. */
  async #ask(): Promise<string | undefined> {
    const { path, timeout, statuses } = this.#settings
    const question = { method: 'GET', target: path, headers: ['user-agent', 'sallyport-health'] }
    const asked = { client: this.#client, authority: this.#authority, requests: 0, requestsMax: 1 }
    try {
      const { status } = await askUpstream(asked, question, { deadlineMs: timeout, bodyBytesMax })
      return statuses.includes(status) ? undefined : `probe: status ${status}`
    } catch {
      return 'probe: no answer'
    }
  }

  #note(reason: string | undefined): void {
    const isWell = reason === undefined
    this.#contrary = isWell === this.#isWell ? 0 : this.#contrary + 1
    const { healthyAfter, unhealthyAfter } = this.#settings
    if (this.#contrary < (isWell ? healthyAfter : unhealthyAfter)) return
    this.#contrary = 0
    this.#isWell = isWell
    this.#health.probed(isWell, reason ?? 'probe: well')
  }
}
