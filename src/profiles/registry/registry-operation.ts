/**
 * What a request asks of a registry: which repository, and what its sender must be allowed to do there. Read as the OCI
 * Distribution Specification and docker-registry read it, or `unknown`, which is to be refused: a method or a path that
 * another registry could read differently is never guessed at.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { isDigest, isReference, isRepositoryName, isUploadId } from './registry-names.ts'
import { mayHoldForm, mountSource } from './upload-request.ts'

export type RegistryAction = 'pull' | 'push' | 'delete'

export type RegistryOperation = UnboundOperation | RepositoryOperation | UnknownOperation

/** `/v2/`, where clients find out how to log in, and the list of all repositories. */
export interface UnboundOperation {
  readonly kind: 'base' | 'catalog'
  readonly actions: readonly []
}

export interface RepositoryOperation {
  readonly kind: 'manifest' | 'blob' | 'upload' | 'tags' | 'referrers'
  readonly repository: string
  /** All of them are needed; those that docker-registry itself asks for. */
  readonly actions: readonly RegistryAction[]
  /** Another repository, of which the registry is to take a blob over: needs `pull` there. */
  readonly mountFrom?: string
}

export interface UnknownOperation {
  readonly kind: 'unknown'
  /** For the log. */
  readonly reason: string
}

type Request = Pick<CanonicalRequest, 'method' | 'rawPath' | 'query' | 'rawHeaders'>

const prefix = '/v2/'
const base: UnboundOperation = { kind: 'base', actions: [] }
const catalog: UnboundOperation = { kind: 'catalog', actions: [] }

/** Whoever writes must be able to read, as registries have it. */
const actionsOf = {
  GET: ['pull'],
  HEAD: ['pull'],
  POST: ['pull', 'push'],
  PUT: ['pull', 'push'],
  PATCH: ['pull', 'push'],
  DELETE: ['delete'],
} as const satisfies Record<string, readonly RegistryAction[]>
type Method = keyof typeof actionsOf

interface PlaceKind {
  readonly kind: RepositoryOperation['kind']
  /** Whether the last segment may be this. */
  readonly takes: (last: string) => boolean
  readonly methods: readonly Method[]
}

const kinds: ReadonlyMap<string, PlaceKind> = new Map<string, PlaceKind>([
  ['manifests', { kind: 'manifest', takes: isReference, methods: ['GET', 'HEAD', 'PUT', 'DELETE'] }],
  ['blobs', { kind: 'blob', takes: isDigest, methods: ['GET', 'HEAD', 'DELETE'] }],
  ['referrers', { kind: 'referrers', takes: isDigest, methods: ['GET'] }],
  ['tags', { kind: 'tags', takes: (last) => last === 'list', methods: ['GET'] }],
])
const newUpload: PlaceKind = { kind: 'upload', takes: (last) => last === '', methods: ['POST'] }
/** docker-registry takes a POST here for the beginning of another upload, mounts and all. */
const begunUpload: PlaceKind = {
  kind: 'upload',
  takes: isUploadId,
  methods: ['GET', 'PATCH', 'PUT', 'DELETE'],
}

/** Read a request whose path begins with `/v2/`. */
export function readRegistryOperation(request: Request): RegistryOperation {
  const { method, rawPath } = request
  if (!rawPath.startsWith(prefix)) return unknown('not below /v2/')
  const isReading = method === 'GET' || method === 'HEAD'
  if (rawPath === prefix) return isReading ? base : unknown('no method of /v2/')
  const rest = rawPath.slice(prefix.length)
  if (rest === '_catalog') return method === 'GET' ? catalog : unknown('no method of the catalog')

  const segments = rest.split('/')
  const place = placeOf(segments)
  if (place === undefined) return unknown('not a path of the distribution API')
  const { kind, methods, repository } = place
  const known = methods.find((name) => name === method)
  if (known === undefined) return unknown('the registry has no such method there')
  const actions = actionsOf[known]
  return kind === 'upload' ? readUpload(request, repository, actions) : { kind, repository, actions }
}

/** What stands before the last segment decides, so that any segment of a name may be called as one of these. */
function placeOf(segments: readonly string[]): (PlaceKind & { readonly repository: string }) | undefined {
  const last = segments.at(-1) ?? ''
  const isUpload = segments.at(-2) === 'uploads' && segments.at(-3) === 'blobs'
  const uploadKind = last === '' ? newUpload : begunUpload
  const found = isUpload ? uploadKind : kinds.get(segments.at(-2) ?? '')
  const repository = segments.slice(0, isUpload ? -3 : -2).join('/')
  if (found === undefined || !found.takes(last) || !isRepositoryName(repository)) return undefined
  return { ...found, repository }
}

function readUpload(
  { method, query, rawHeaders }: Request,
  repository: string,
  actions: readonly RegistryAction[],
): RepositoryOperation | UnknownOperation {
  if (mayHoldForm(rawHeaders)) return unknown('a form, whose fields count as parameters of an upload')
  if (method !== 'POST') return { kind: 'upload', repository, actions }
  const source = mountSource(query)
  if ('unreadable' in source) return unknown(source.unreadable)
  const { mountFrom } = source
  return mountFrom === undefined
    ? { kind: 'upload', repository, actions }
    : { kind: 'upload', repository, actions, mountFrom }
}

function unknown(reason: string): UnknownOperation {
  return { kind: 'unknown', reason }
}
