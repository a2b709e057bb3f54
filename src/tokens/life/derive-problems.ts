/**
 * What may be wrong with a request to derive a token: every right that its parent does not have. All is said at
 * once, each as one sentence for whoever asked.
 * @module
 */

import { prefixCovers } from '../path-prefix.ts'
import { accessLevels, type Bindings, type Token } from '../token.ts'
import type { IssueRequest } from './issue-token.ts'

const hourMs = 3_600_000

/** How long a derived token lives when nobody says, and at the longest. It never outlives its parent. */
export const derivedLifetime = { defaultMs: hourMs, maxMs: 12 * hourMs } as const

/** What is asked of a derived token. What is left out is as the parent has it. The subject is the parent's. */
export interface DeriveRequest
  extends Pick<
    IssueRequest,
    | 'scopes'
    | 'bindings'
    | 'access'
    | 'networks'
    | 'paths'
    | 'description'
    | 'lifetimeMs'
    | 'createdBy'
    | 'origin'
  > {
  /** The parent's own kind, or `session`. */
  readonly kind?: IssueRequest['kind']
}

/** A request with everything that was left out filled in. */
export interface DerivedRights
  extends Pick<Token, 'kind' | 'scopes' | 'bindings' | 'access' | 'networks' | 'paths'> {
  readonly lifetimeMs?: number
}

/** `networkCovers` tells whether its second block lies wholly inside the first. An empty list means that all is well. */
export function deriveProblems(
  parent: Token,
  wanted: DerivedRights,
  networkCovers: (outer: string, inner: string) => boolean,
): readonly string[] {
  const { kind, access, lifetimeMs = 0 } = wanted
  const problems: [isWrong: boolean, sentence: string][] = [
    // The key of a DSN is public, and the system token passes every rule: neither may become something else.
    [parent.kind === 'dsn' || parent.kind === 'system', `nothing is derived from a ${parent.kind} token`],
    [kind !== parent.kind && kind !== 'session', `kind must be ${parent.kind}, as the parent's, or session`],
    [accessLevels.indexOf(access) > accessLevels.indexOf(parent.access), `access exceeds ${parent.access}`],
    [
      lifetimeMs > derivedLifetime.maxMs,
      `a derived token lives at most ${derivedLifetime.maxMs / hourMs} hours`,
    ],
  ]
  return [
    ...problems.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence),
    ...beyond('scope', wanted.scopes, parent.scopes, (held, asked) => held === asked),
    ...bindingProblems(wanted.bindings, parent.bindings),
    ...beyond('network', wanted.networks, parent.networks, networkCovers),
    ...beyond('path', wanted.paths, parent.paths, prefixCovers),
  ]
}

/** `undefined` is everything, as it is in a token. */
function beyond(
  what: string,
  asked: readonly string[] | undefined,
  held: readonly string[] | undefined,
  covers: (held: string, asked: string) => boolean,
): string[] {
  if (held === undefined) return []
  if (asked === undefined)
    return [`the parent is narrowed by ${what}, and so must be what is derived from it`]
  return asked
    .filter((one) => !held.some((other) => covers(other, one)))
    .map((one) => `${what} «${one}» is not the parent's`)
}

/**
 * The same keys with fewer values. A key more would open the routes that ask for it, and a key less those that
 * do not look at it: to a route both are other rights, not lesser ones.
 */
function bindingProblems(asked: Bindings, held: Bindings): string[] {
  const missing = Object.keys(held)
    .filter((key) => !Object.hasOwn(asked, key))
    .map((key) => `the parent is bound by «${key}», and so must be what is derived from it`)
  const excess = Object.entries(asked).flatMap(([key, values]) => {
    const allowed = Object.hasOwn(held, key) ? (held[key] ?? []) : undefined
    if (allowed === undefined) return [`the parent has no binding «${key}»`]
    if (allowed.includes('*')) return []
    return values
      .filter((value) => !allowed.includes(value))
      .map((value) => `binding «${key}=${value}» is not the parent's`)
  })
  return [...missing, ...excess]
}
