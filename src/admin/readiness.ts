/**
 * Whether this replica should get traffic, out of named checks. It must not when a check fails, when it drains,
 * when there are no checks, and when nobody can tell in time.
 * @module
 */

import type { Log } from '../observability/log.ts'

/** `degraded`: something is amiss, but requests are decided all the same. `draining`: they are, but not for long. */
export type CheckState = 'ok' | 'degraded' | 'draining' | 'failed'

/** Asks each part of the gateway how it is. May be called at any rate; `signal` aborts at the deadline. */
export type ReadinessProbe = (signal: AbortSignal) => Promise<Readonly<Record<string, CheckState>>>

/** What `/readyz` says. */
export interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, CheckState>>
}

/** Never rejects: a probe that throws or exceeds `timeoutMs` is a check `readiness` that failed. */
export async function judgeReadiness(probe: ReadinessProbe, timeoutMs: number, log: Log): Promise<Readiness> {
  try {
    const checks = await withDeadline(probe, timeoutMs)
    const states = Object.values(checks)
    return { ready: states.length > 0 && states.every(isReady), checks }
  } catch (error) {
    log.warn({ error }, 'readiness could not be told')
    return { ready: false, checks: { readiness: 'failed' } }
  }
}

/** Also ends the wait for a probe that does not heed its signal. */
async function withDeadline(probe: ReadinessProbe, timeoutMs: number) {
  const deadline = new AbortController()
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${timeoutMs} ms`)
    deadline.abort(error)
    reject(error)
  }, timeoutMs)
  try {
    return await Promise.race([probe(deadline.signal), expired])
  } finally {
    clearTimeout(timer)
  }
}

function isReady(state: CheckState): boolean {
  return state === 'ok' || state === 'degraded'
}
