/**
 * What a request is about, read once as Swift reads it, for all stages of the profile.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { parametersOf } from './swift-fields.ts'
import { readSwiftPath, type SwiftPath } from './swift-path.ts'

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
