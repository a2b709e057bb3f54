/**
 * What a request is about, read once as Swift reads it, for all stages of the profile.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { parametersOf } from './swift-fields.ts'
import { readSwiftPath, type SwiftPath, splitPath } from './swift-path.ts'
import { bulkReason } from './unbounded-requests.ts'
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

/** Whether its body is a list of things to do, each of which Swift takes for a request of its own. */
export function isBulk({ method, query }: CanonicalRequest): boolean {
  return bulkReason(method, parametersOf(query.slice(1))) !== undefined
}

/**
 * Whether the request brings its own authorization, in place of a token: a signature in the query (TempURL) or in a
 * form (FormPost), or of another cluster (container sync). Swift then answers 401 though a token beside it is good,
 * and 401 though the account is open to everybody. What only looks like one of them is none.
 */
export function isSelfAuthorizing(request: CanonicalRequest): boolean {
  if (isBulk(request)) return false
  return isSigned(request) || isForm(request) || isSync(request)
}

function isSigned({ method, query }: CanonicalRequest): boolean {
  // Not every Python takes `;` for part of a name.
  if (method === 'OPTIONS' || query.includes(';')) return false
  return parametersOf(query.slice(1)).some(([name]) => name === 'temp_url_sig' || name === 'temp_url_expires')
}

/** In the one spelling that leaves no doubt. */
function isForm({ method, rawHeaders }: CanonicalRequest): boolean {
  const [type = '', another] = method === 'POST' ? valuesOfHeader(rawHeaders, 'content-type') : []
  return another === undefined && /^multipart\/form-data; ?boundary=[\w'()+,./:=?-]{1,70}$/.test(type)
}

/** Of an account, Swift does not look at the signature. */
function isSync(request: CanonicalRequest): boolean {
  const { kind } = pathOf(request)
  if (kind !== 'container' && kind !== 'object') return false
  return valuesOfHeader(request.rawHeaders, 'x-container-sync-auth').some((value) => value.trim() !== '')
}
