/**
 * What a path names, read exactly as eventlet, TempAuth and Swift's proxy read it: first every escape is undone,
 * then the path is split at slashes. So `/v1/AUTH_a%2Fc/o` names the container `c`, and in the name of an object
 * `..`, `//` and `;` are plain text. What Swift would turn away unread is `unreadable`.
 * @module
 */

import { textOf, unquote } from './wsgi-text.ts'

/**
 * Names are Unicode text. Swift takes only UTF-8 without NUL, so comparing texts with `===` compares bytes, and
 * the binding `container=größe` of a token can be compared as it is.
 */
export type SwiftPath =
  | StoragePath
  /** Below `/auth/`, where TempAuth hands out tokens. The decoded path, a byte per character. */
  | { readonly kind: 'auth'; readonly path: string }
  /** No version of the storage API: `/info`, `/healthcheck`, `/v2/…`. The decoded path, to be compared as a whole. */
  | { readonly kind: 'other'; readonly path: string }
  /** Swift answers 404 or 412, or servers differ about it: refuse. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/** A path that names something stored. */
export type StoragePath = AccountPath | ContainerPath | ObjectPath

export interface AccountPath {
  readonly kind: 'account'
  readonly account: string
}

export interface ContainerPath {
  readonly kind: 'container'
  readonly account: string
  readonly container: string
}

export interface ObjectPath {
  readonly kind: 'object'
  readonly account: string
  readonly container: string
  readonly object: string
}

const authPrefix = '/auth/'
const versions: ReadonlySet<string> = new Set(['v1', 'v1.0'])
/** Bytes that may stand in a request line and that no server takes for the end of a path. */
const requestPath = /^\/[!"$->@-~\u0080-\u00ff]*$/

/** Read the path of a request line, without its query, a byte per character. */
export function readSwiftPath(rawPath: string): SwiftPath {
  if (!requestPath.test(rawPath)) return unreadable('not a path that every server reads alike')
  const decoded = unquote(rawPath)
  if (decoded.startsWith(authPrefix)) return { kind: 'auth', path: decoded }
  const path = textOf(decoded)
  if (path === undefined) return unreadable('Invalid UTF8 or contains NULL')

  const [version = '', account = '', container = '', object = ''] = splitPath(path, 4)
  // `//v1/…` too, of which newer versions of Python's own HTTP server make `/v1/…`.
  if (version === '') return unreadable('an empty version')
  if (!versions.has(version)) return { kind: 'other', path }
  return storagePath(account, container, object)
}

/** Only what is named last may be missing: Swift has no controller for the rest, and answers 412. */
function storagePath(account: string, container: string, object: string): SwiftPath {
  if (account === '') return unreadable('no account')
  if (container === '')
    return object === '' ? { kind: 'account', account } : unreadable('an empty container name')
  if (object === '') return { kind: 'container', account, container }
  return { kind: 'object', account, container, object }
}

/** At most `partsMax` parts of a path that starts with a slash; the last one keeps its slashes. */
export function splitPath(path: string, partsMax: number): readonly string[] {
  const parts: string[] = []
  let start = 1
  while (parts.length < partsMax - 1) {
    const slash = path.indexOf('/', start)
    if (slash < 0) break
    parts.push(path.slice(start, slash))
    start = slash + 1
  }
  parts.push(path.slice(start))
  return parts
}

/** Whether every server takes the path for the same one: newer versions of Python's make one slash of two at the start. */
export function isReadAlike(rawPath: string): boolean {
  return requestPath.test(rawPath) && !rawPath.startsWith('//')
}

function unreadable(reason: string): SwiftPath {
  return { kind: 'unreadable', reason }
}
