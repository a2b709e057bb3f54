/**
 * Which part of GoCD a request is for, read once for all stages of the profile: tokens are good for the API, for files
 * and for the feed of CCTray, and for nothing else.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { canonicalPath } from '../../route/canonical-path.ts'

export type GocdPath =
  /** Pages for people, and what machines have other credentials for: a bearer token is not read there. */
  | { readonly kind: 'tokenless' }
  | { readonly kind: 'api' }
  /** The API that manages tokens: of whoever asks, or of everybody. */
  | { readonly kind: 'tokens'; readonly whose: 'own' | 'all'; readonly rest: readonly string[] }

const known = new WeakMap<CanonicalRequest, GocdPath>()

/** The reading of a request's path. */
export function pathOf(request: CanonicalRequest): GocdPath {
  const before = known.get(request)
  if (before !== undefined) return before
  const path = readGocdPath(request.rawPath)
  known.set(request, path)
  return path
}

/** Names are compared as GoCD does, but for the API that manages tokens, which no spelling makes another. */
export function readGocdPath(rawPath: string): GocdPath {
  const canonical = canonicalPath(rawPath)
  if ('problem' in canonical) return { kind: 'tokenless' }
  const [context, area, part, ...more] = canonical.segments
  if (context !== 'go') return { kind: 'tokenless' }
  if (area === 'files') return { kind: 'api' }
  if (area === 'cctray.xml') return { kind: part === undefined ? 'api' : 'tokenless' }
  if (area !== 'api' || part === 'config-repository.git' || part === 'webhooks') return { kind: 'tokenless' }
  const [name, ...rest] = more
  const owner = owners.get(part?.toLowerCase() ?? '')
  return owner !== undefined && name?.toLowerCase() === 'access_tokens'
    ? { kind: 'tokens', whose: owner, rest }
    : { kind: 'api' }
}

const owners: ReadonlyMap<string, 'own' | 'all'> = new Map([
  ['current_user', 'own'],
  ['admin', 'all'],
])

/** The path of the API, below which each token has its own. */
export function tokensPath(whose: 'own' | 'all'): string {
  return `/go/api/${whose === 'own' ? 'current_user' : 'admin'}/access_tokens`
}
