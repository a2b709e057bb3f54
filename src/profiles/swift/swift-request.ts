/**
 * What a request is about, read once as Swift reads it, for all stages of the profile.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
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

/** Signatures in place of a token: Swift decides about such a request by them alone (TempURL). */
export function isSigned({ query }: CanonicalRequest): boolean {
  return /[?&]temp_url_sig=/.test(query)
}
