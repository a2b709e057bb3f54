/**
 * Envoy's `ext_authz` over HTTP: the question is the request itself, with its own method and host, below `/envoy`. Lines of
 * one name come joined, so that a credential that stands twice is one that no token has.
 * @module
 */

import { withoutHeaders } from '../../request/header-name.ts'
import { isRefusal, refuse } from '../../request/refusal.ts'
import type { HttpDoor } from './http-door.ts'
import { readMetadata, readPeer, readScheme } from './metadata.ts'

/** Of the question itself, or set for it. */
const notTheClients: ReadonlySet<string> = new Set([
  'connection',
  'x-envoy-attempt-count',
  'x-envoy-expected-rq-timeout-ms',
  'x-forwarded-for',
  'x-forwarded-proto',
])

const base = '/envoy'
const joinedHost = refuse('malformed_host', 'more than one Host')

export const envoyDoor: HttpDoor = {
  name: 'envoy',
  read({ method, url, rawHeaders }) {
    const metadata = readMetadata(rawHeaders, ['host', 'x-forwarded-proto'])
    if (isRefusal(metadata)) return metadata
    const [host, schemeText] = metadata
    if (host.includes(',')) return joinedHost
    const scheme = readScheme(schemeText)
    if (isRefusal(scheme)) return scheme
    const from = readPeer(rawHeaders)
    if (isRefusal(from)) return from
    const lines = [...from.forwardedFor, ...withoutHeaders(rawHeaders, notTheClients)]
    return { method, target: url.slice(base.length), rawHeaders: lines, peer: from.peer, ...scheme }
  },
  removesAny: true,
  statusOf: (status) => status,
}
