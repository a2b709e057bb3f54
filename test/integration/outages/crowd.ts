/**
 * Many connections on which many tokens take turns, and what that costs the store, second by second.
 * @module
 */

import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayProcess } from '../../support/installation.ts'
import { readMetrics } from '../../support/read-metrics.ts'

/** What happened in one interval. */
export interface Interval {
  /** When it ended, in milliseconds after the crowd came. */
  readonly endMs: number
  readonly requests: number
  /** How many were let through. */
  readonly allowed: number
  /** Queries for tokens. */
  readonly finds: number
  /** Queries for the version of the change clock. */
  readonly polls: number
}

export interface Crowd {
  readonly startedAt: number
  /** One for each half second so far. */
  readonly intervals: readonly Interval[]
  /** Since the crowd came. */
  now(): Promise<Interval>
  stop(): Promise<void>
}

interface CrowdPlan {
  readonly texts: readonly string[]
  readonly connections: number
  /** Of each connection, between an answer and the next request. */
  readonly pauseMs: number
}

const intervalMs = 500

export async function gatherCrowd(gateway: GatewayProcess, plan: CrowdPlan): Promise<Crowd> {
  const { texts, connections, pauseMs } = plan
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const startedAt = performance.now()
  const before = await storeQueries(gateway)
  const intervals: Interval[] = []
  let [requests, allowed, turn, isOver] = [0, 0, 0, false]

  async function now(): Promise<Interval> {
    const { finds, polls } = await storeQueries(gateway)
    const endMs = Math.round(performance.now() - startedAt)
    return { endMs, requests, allowed, finds: finds - before.finds, polls: polls - before.polls }
  }
  async function work(): Promise<void> {
    while (!isOver) {
      const status = await ask(gateway.port, texts[turn++ % texts.length] ?? '', agent)
      requests++
      if (status === 200) allowed++
      await sleep(pauseMs)
    }
  }
  async function watch(): Promise<void> {
    let last = await now()
    while (!isOver) {
      await sleep(intervalMs)
      const next = await now()
      intervals.push({
        endMs: next.endMs,
        requests: next.requests - last.requests,
        allowed: next.allowed - last.allowed,
        finds: next.finds - last.finds,
        polls: next.polls - last.polls,
      })
      last = next
    }
  }
  const all = [watch(), ...Array.from({ length: connections }, work)]
  return {
    startedAt,
    intervals,
    now,
    async stop() {
      isOver = true
      await Promise.all(all)
      agent.destroy()
    },
  }
}

async function storeQueries({ adminPort }: GatewayProcess): Promise<{ finds: number; polls: number }> {
  const samples = await readMetrics(adminPort)
  const count = (operation: string) =>
    samples.get(`sallyport_store_queries_total{operation="${operation}"}`) ?? 0
  return { finds: count('find'), polls: count('readClock') }
}

/** The status; 0 when there was no answer. */
function ask(port: number, text: string, agent: Agent): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const headers = { authorization: `Bearer ${text}` }
  const request = get({ host: '127.0.0.1', port, path: '/', headers, agent }, (response) => {
    response
      .resume()
      .on('end', () => resolve(response.statusCode ?? 0))
      .on('error', () => resolve(0))
  })
  request.on('error', () => resolve(0))
  return promise
}
