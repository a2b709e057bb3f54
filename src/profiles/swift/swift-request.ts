/**
 * What a request is about, read once as Swift reads it, for all stages of the profile.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { parametersOf } from './swift-fields.ts'
import { readSwiftPath, type SwiftPath, splitPath } from './swift-path.ts'
import { textOf, unquote } from './wsgi-text.ts'

const known = new WeakMap<CanonicalRequest, SwiftPath>()

/** The reading of a request's path. */
export function pathOf(request: CanonicalRequest): SwiftPath {
  const before = known.get(request)
  if (before !== undefined) return before
  const path = readSwiftPath(request.rawPath)
  known.set(request, path)
  return path
}

/** The account that a request is about; `undefined` for what is not in the storage. */
export function accountOf(request: CanonicalRequest): string | undefined {
  const path = pathOf(request)
  return 'account' in path ? path.account : undefined
}

/** What a challenge names: as in TempAuth the second part of any path, even of one that Swift does not read further. */
export function realmOf(request: CanonicalRequest): string | undefined {
  if (pathOf(request).kind === 'auth') return undefined
  const [version, name] = splitPath(unquote(request.rawPath), 3)
  return version && name ? textOf(name) : undefined
}

/** The path of an account, container or object as it goes on the wire. */
export function storageTarget(...names: readonly string[]): string {
  return `/v1/${names.map(encodeURIComponent).join('/')}`
}

/**
 * Whether the request brings its own authorization, in place of a token: a signature in the query (TempURL) or in a
 * form (FormPost), or of another cluster (container sync). Swift then answers 401 though a token beside it is good.
 */
export function isSelfAuthorizing({ method, query, rawHeaders }: CanonicalRequest): boolean {
  const names = parametersOf(query.slice(1)).map(([name]) => name)
  if (names.includes('temp_url_sig') || names.includes('temp_url_expires')) return true
  if (valuesOfHeader(rawHeaders, 'x-container-sync-auth').length > 0) return true
  const [type = ''] = method === 'POST' ? valuesOfHeader(rawHeaders, 'content-type') : []
  return type.toLowerCase().startsWith('multipart/form-data')
}
