/**
 * Traefik's ForwardAuth, Caddy's `forward_auth`, and HAProxy by the script of its example: the request stands in
 * `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`, and the proxy's peer is the last of `X-Forwarded-For`.
 * @module
 */

import { withoutHeaders } from '../../request/header-name.ts'
import { isRefusal } from '../../request/refusal.ts'
import type { HttpDoor } from './http-door.ts'
import { readMetadata, readPeer, readScheme } from './metadata.ts'

/** Of the question itself, or set for it. */
const notTheClients: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-method',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-uri',
])

export function forwardedDoor(name: 'traefik' | 'caddy' | 'haproxy'): HttpDoor {
  return {
    name,
    read({ rawHeaders }) {
      const metadata = readMetadata(rawHeaders, [
        'x-forwarded-method',
        'x-forwarded-proto',
        'x-forwarded-host',
        'x-forwarded-uri',
      ])
      if (isRefusal(metadata)) return metadata
      const [method, schemeText, host, target] = metadata
      const scheme = readScheme(schemeText)
      if (isRefusal(scheme)) return scheme
      const from = readPeer(rawHeaders)
      if (isRefusal(from)) return from
      const lines = ['host', host, ...from.forwardedFor, ...withoutHeaders(rawHeaders, notTheClients)]
      return { method, target, rawHeaders: lines, peer: from.peer, ...scheme }
    },
    removesAny: false,
    statusOf: (status) => status,
  }
}
