/**
 * What a request names besides its path: the other end of a copy, the target of a symlink, the segments of a
 * manifest, the container of old versions. Read as Swift's middleware reads them, so that a token bound to one
 * container cannot reach another through a header. What is stored already (a symlink, a manifest, a versioned
 * container) is not seen here: Swift follows it with the standing of the login that it was given.
 * @module
 */

import { type HeaderFields, headerReader } from './swift-fields.ts'
import { type ObjectPath, type SwiftPath, splitPath } from './swift-path.ts'
import { unboundedReason } from './unbounded-requests.ts'
import { textOf, unquote } from './wsgi-text.ts'

/** A container, or one object in it, or all objects whose names start with `prefix`. */
export interface NamedResource {
  readonly account: string
  readonly container: string
  readonly object?: string
  readonly prefix?: string
}

export interface NamedResources {
  readonly resources: readonly NamedResource[]
  /** Why the request may reach resources that nobody can list beforehand. */
  readonly unbounded: string | undefined
  /** Why Swift's reading of the request is not certain: refuse. `resources` is empty then. */
  readonly unreadable: string | undefined
}

/** What is read of a request. */
export interface SwiftRequest {
  readonly method: string
  readonly path: SwiftPath
  /** Raw, without its question mark. */
  readonly query: string
  /** Names and values in turn, a byte per character. */
  readonly rawHeaders: readonly string[]
}

const readHeaders = headerReader([
  'destination',
  'destination-account',
  'x-copy-from',
  'x-copy-from-account',
  'x-symlink-target',
  'x-symlink-target-account',
  'x-object-manifest',
  'x-versions-location',
  'x-history-location',
  'x-container-sync-to',
  'x-container-sync-auth',
  'x-web-mode',
  'content-type',
  'authorization',
])

class Unreadable extends Error {}

/** The object that a copy reads; `undefined` for every other request, and where it cannot be read for certain. */
export function copiedSource({ method, path, rawHeaders }: SwiftRequest): NamedResource | undefined {
  if (path.kind !== 'object') return undefined
  const headers = readHeaders(rawHeaders)
  try {
    if (method === 'COPY') {
      const { account, container, object } = path
      return movedSource(path, headers) ?? { account, container, object }
    }
    return method === 'PUT' ? copySource(path, headers)[0] : undefined
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

/** Everything that a request names besides its path. */
export function namedResources(request: SwiftRequest): NamedResources {
  const headers = readHeaders(request.rawHeaders)
  const unbounded = unboundedReason(request.method, request.path, request.query, headers)
  try {
    return { resources: resourcesOf(request, headers), unbounded, unreadable: undefined }
  } catch (error) {
    if (error instanceof Unreadable) return { resources: [], unbounded, unreadable: error.message }
    throw error
  }
}

function resourcesOf({ method, path }: SwiftRequest, headers: HeaderFields): readonly NamedResource[] {
  if (path.kind === 'object') {
    if (method === 'COPY') return ofCopy(path, headers)
    if (method === 'PUT') return [...copySource(path, headers), ...references(path.account, headers)]
    // The object server takes a manifest from a POST unchecked; a symlink it is that Swift refuses there.
    if (method === 'POST') return manifest(path.account, headers)
  }
  if (path.kind === 'container' && (method === 'PUT' || method === 'POST'))
    return [
      ...versionsContainer('x-versions-location', path.account, headers),
      ...versionsContainer('x-history-location', path.account, headers),
    ]
  return []
}

/**
 * `COPY` becomes `PUT` at the destination, other headers and all: what they name is named in the destination's
 * account. `X-Copy-From-Account` moves the source, unless `Destination-Account` stands beside it.
 */
function ofCopy(path: ObjectPath, headers: HeaderFields): readonly NamedResource[] {
  const elsewhere = accountIn('destination-account', headers)
  const account = elsewhere ?? path.account
  const destination = objectIn('destination', headers)
  if (destination === undefined) throw new Unreadable('COPY without a destination')
  const moved = movedSource(path, headers)
  const resources = [{ account, ...destination }, ...references(account, headers)]
  return moved === undefined ? resources : [...resources, moved]
}

/** The source, where it is another than what the path names. */
function movedSource({ container, object }: ObjectPath, headers: HeaderFields): NamedResource | undefined {
  if (headers.has('destination-account') || !isGiven('x-copy-from-account', headers)) return undefined
  const account = accountIn('x-copy-from-account', headers)
  return account === undefined ? undefined : { account, container, object }
}

/** What a PUT copies. Empty headers count as none, which is how Swift reads these two. */
function copySource(path: ObjectPath, headers: HeaderFields): readonly NamedResource[] {
  if (!isGiven('x-copy-from', headers)) return []
  const source = objectIn('x-copy-from', headers)
  const given = isGiven('x-copy-from-account', headers)
    ? accountIn('x-copy-from-account', headers)
    : undefined
  return source === undefined ? [] : [{ account: given ?? path.account, ...source }]
}

/** What an object that is written refers to. */
function references(account: string, headers: HeaderFields): readonly NamedResource[] {
  const target = objectIn('x-symlink-target', headers)
  if (target === undefined) return manifest(account, headers)
  if (unquote(single('x-symlink-target', headers) ?? '').startsWith('/'))
    throw new Unreadable('x-symlink-target starts with a slash')
  const targetAccount = accountIn('x-symlink-target-account', headers) ?? account
  return [{ account: targetAccount, ...target }, ...manifest(account, headers)]
}

/** The segments of a dynamic large object: `container/prefix`, decoded before it is split. */
function manifest(account: string, headers: HeaderFields): readonly NamedResource[] {
  const name = 'x-object-manifest'
  if (!isGiven(name, headers)) return []
  const value = textIn(name, headers) ?? ''
  const slash = value.indexOf('/')
  if (slash < 1) throw new Unreadable(`${name} is not container/prefix`)
  return [{ account, container: value.slice(0, slash), prefix: value.slice(slash + 1) }]
}

/** Where old versions go: decoded, and cut at the first slash. An empty value ends versioning. */
function versionsContainer(name: string, account: string, headers: HeaderFields): readonly NamedResource[] {
  if (!isGiven(name, headers)) return []
  const container = textIn(name, headers)?.split('/')[0]
  if (container === undefined || container === '') throw new Unreadable(`${name} names no container`)
  return [{ account, container }]
}

/** `container/object`, with or without a slash in front, decoded before it is split. */
function objectIn(name: string, headers: HeaderFields): { container: string; object: string } | undefined {
  const value = textIn(name, headers)
  if (value === undefined) return undefined
  const [container = '', object = ''] = splitPath(value.startsWith('/') ? value : `/${value}`, 2)
  if (container === '' || object === '') throw new Unreadable(`${name} is not container/object`)
  return { container, object }
}

function accountIn(name: string, headers: HeaderFields): string | undefined {
  const account = textIn(name, headers)
  if (account === '' || account?.includes('/')) throw new Unreadable(`${name} is not the name of an account`)
  return account
}

function textIn(name: string, headers: HeaderFields): string | undefined {
  const value = single(name, headers)
  if (value === undefined) return undefined
  const text = textOf(unquote(value))
  if (text === undefined) throw new Unreadable(`${name} is not UTF-8, or holds NUL`)
  return text
}

function isGiven(name: string, headers: HeaderFields): boolean {
  const value = single(name, headers)
  return value !== undefined && value !== ''
}

/** The one value of a header. Of two, Swift makes one with a comma, or takes the last: nothing to rely on. */
function single(name: string, headers: HeaderFields): string | undefined {
  const values = headers.get(name)
  if (values === undefined) return undefined
  if (values.length > 1) throw new Unreadable(`${name} is given twice`)
  return values[0]
}
