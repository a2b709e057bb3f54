/**
 * What the request that begins an upload names besides its path: a blob that the registry is to take over from another
 * repository. docker-registry looks for that in the query and, where there is one, in a form in the body, which even
 * comes first. The query is read only in its one plain spelling, and a form is not taken at all.
 * @module
 */

import { valuesOfHeader } from '../../request/header-name.ts'
import { isDigest, isRepositoryName } from './registry-names.ts'

export type MountSource =
  | { readonly mountFrom: string | undefined }
  /** Registries could read it differently: refuse. */
  | { readonly unreadable: string }

const plainMediaType = /^[a-z0-9.+-]+\/[a-z0-9.+-]+ *(?:;[ -~]*)?$/i
const formMediaType = /^(?:application\/x-www-form-urlencoded|multipart\/)/i

/** The other repository that a POST to `…/blobs/uploads/` takes a blob from. */
export function mountSource(query: string): MountSource {
  if (query === '') return { mountFrom: undefined }
  // Older servers begin a parameter at a semicolon, too.
  if (query.includes(';')) return { unreadable: 'a semicolon in the query of an upload' }
  const found = new Map<string, string>()
  for (const part of query.slice(1).split('&')) {
    const parameter = readParameter(part)
    if (parameter === undefined) continue
    if (typeof parameter === 'string') return { unreadable: parameter }
    const { name, value } = parameter
    if (found.has(name)) return { unreadable: `${name} stands twice` }
    found.set(name, value)
  }
  return sourceOf(found.get('mount'), found.get('from'))
}

/** What one part of the query says about a mount, decoded; a reason when that is not certain; `undefined` when nothing. */
function readParameter(part: string): { name: string; value: string } | string | undefined {
  const equals = part.indexOf('=')
  const rawName = equals === -1 ? part : part.slice(0, equals)
  const name = decoded(rawName)?.trim().toLowerCase()
  if (name === undefined) return 'a parameter that is not UTF-8'
  if (name !== 'from' && name !== 'mount') return undefined
  const value = decoded(equals === -1 ? '' : part.slice(equals + 1))
  return value === undefined || rawName !== name ? `${name} in another spelling` : { name, value }
}

/** `from` alone has no effect; `mount` alone lets a registry look for the blob in every repository. */
function sourceOf(mount: string | undefined, from: string | undefined): MountSource {
  if (mount === undefined && from === undefined) return { mountFrom: undefined }
  if (from === undefined) return { unreadable: 'a mount that does not say from which repository' }
  if (!isRepositoryName(from)) return { unreadable: 'from is not the name of a repository' }
  if (mount !== undefined && !isDigest(mount)) return { unreadable: 'mount is not a digest' }
  return { mountFrom: from }
}

/** Whether a Go server might read the body as a form. Clients send blobs as `application/octet-stream`, or say nothing. */
export function mayHoldForm(rawHeaders: readonly string[]): boolean {
  return valuesOfHeader(rawHeaders, 'content-type').some(
    (type) => type !== '' && (!plainMediaType.test(type) || formMediaType.test(type)),
  )
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
