/**
 * Requests whose body, stored source or signature names what Swift will touch, or whose path means something
 * else: no look at the request alone can tell which resources these are.
 * @module
 */

import { type HeaderFields, type Parameter, parametersOf } from './swift-fields.ts'
import type { SwiftPath } from './swift-path.ts'

/**
 * Why a request is unbounded, or `undefined`. Methods, names and values are compared as exactly as Swift does;
 * of parameters that are repeated every one counts.
 */
export function unboundedReason(
  method: string,
  path: SwiftPath,
  query: string,
  headers: HeaderFields,
): string | undefined {
  const parameters = parametersOf(query)
  return (
    s3Reason(parameters, headers) ??
    bulkReason(method, parameters) ??
    (path.kind === 'object' ? objectReason(method, parameters, headers) : undefined) ??
    headerReason(method, headers)
  )
}

/** Where Swift speaks S3 too, one of these is enough to make the path a bucket and a key, whatever it looks like. */
function s3Reason(parameters: readonly Parameter[], headers: HeaderFields): string | undefined {
  const isS3 =
    parameters.some(([name]) => name === 'X-Amz-Credential' || name === 'AWSAccessKeyId') ||
    headers.get('authorization')?.some((value) => value.startsWith('AWS'))
  return isS3 ? 'an S3 request, which names a bucket' : undefined
}

/** Bulk requests are taken on every path, before it is read, and before any signature is. */
export function bulkReason(method: string, parameters: readonly Parameter[]): string | undefined {
  const has = (name: string) => parameters.some(([given]) => given === name)
  if (method === 'PUT' && has('extract-archive')) return 'an archive whose files become objects'
  if ((method === 'POST' || method === 'DELETE') && has('bulk-delete')) return 'a list of objects to delete'
  return undefined
}

function objectReason(
  method: string,
  parameters: readonly Parameter[],
  headers: HeaderFields,
): string | undefined {
  const has = (name: string, value: string) =>
    parameters.some((given) => given[0] === name && given[1] === value)
  const copies = method === 'COPY' || (method === 'PUT' && isGiven('x-copy-from', headers))
  if ((method === 'PUT' || copies) && has('multipart-manifest', 'put'))
    return 'a manifest that lists segments'
  if (method === 'DELETE' && has('multipart-manifest', 'delete'))
    return 'the segments of a manifest are deleted'
  if (copies && has('multipart-manifest', 'get')) return 'a manifest is copied as such'
  if (copies && has('symlink', 'get')) return 'a symlink is copied as such'
  return undefined
}

function headerReason(method: string, headers: HeaderFields): string | undefined {
  if (isGiven('x-container-sync-auth', headers))
    return 'a signature of container sync stands in for the caller'
  if ((method === 'PUT' || method === 'POST') && isGiven('x-container-sync-to', headers))
    return 'a container elsewhere is kept in step'
  if (method === 'POST' && headers.get('content-type')?.some(isForm))
    return 'a form whose fields name the objects'
  // Static web answers with pages of its own: an index, or the page for an error.
  if (isGiven('x-web-mode', headers)) return 'a page that is made of other objects'
  return undefined
}

function isGiven(name: string, headers: HeaderFields): boolean {
  return headers.get(name)?.some((value) => value !== '') ?? false
}

function isForm(contentType: string): boolean {
  return contentType.toLowerCase().startsWith('multipart/form-data')
}
