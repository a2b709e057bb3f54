/**
 * What clients are told of limits: `RateLimit-Policy` and `RateLimit`, lists of structured fields (RFC 9651) as in
 * draft-ietf-httpapi-ratelimit-headers-10.
 * @module
 */

import type { Limit } from './limit.ts'

/** How a request stands with one limit. */
export interface Standing {
  readonly limit: Limit
  /** How many more requests are admitted within the window. */
  readonly remaining: number
  /** Until the window ends. */
  readonly resetMs: number
}

/** Both fields, names and values in turn; none where no limit is announced. */
export function rateLimitFields(standings: readonly Standing[]): readonly string[] {
  let policies = ''
  let states = ''
  for (const { limit, remaining, resetMs } of standings) {
    if (!limit.isAnnounced) continue
    const comma = policies === '' ? '' : ', '
    // A name of the configuration has no character that a string would have to escape.
    policies += `${comma}"${limit.name}";q=${limit.requests};w=${Math.ceil(limit.perMs / 1000)}`
    states += `${comma}"${limit.name}";r=${remaining};t=${secondsUntil(resetMs)}`
  }
  return policies === '' ? [] : ['ratelimit-policy', policies, 'ratelimit', states]
}

/** The headers with those fields in place of the upstream's own; the same ones where there is nothing to tell. */
export function withRateLimit(headers: string[], standings: readonly Standing[] | undefined): string[] {
  if (standings === undefined) return headers
  const fields = rateLimitFields(standings)
  if (fields.length === 0) return headers
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!isRateLimit(name)) kept.push(name, headers[index + 1] ?? '')
  }
  kept.push(...fields)
  return kept
}

/** Whole seconds, so that whoever waits for them does not come too early. */
export function secondsUntil(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}

function isRateLimit(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === 'ratelimit' || lower === 'ratelimit-policy'
}
