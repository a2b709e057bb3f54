/**
 * nginx' `auth_request`, and the external authentication of ingress-nginx, which says the same by itself:
 * `X-Original-URL`, `X-Original-Method` and `X-Real-IP`. All other lines of the question are the client's.
 * @module
 */

import { valuesOfHeader, withoutHeaders } from '../../request/header-name.ts'
import { isRefusal } from '../../request/refusal.ts'
import type { HttpDoor } from './http-door.ts'
import { readMetadata, readScheme } from './metadata.ts'

/** Of the question itself, or set for it. */
const notTheClients: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'upgrade',
  'x-auth-request-redirect',
  'x-original-method',
  'x-original-upgrade',
  'x-original-url',
  'x-real-ip',
  'x-sent-from',
])

const urlGrammar = /^([a-z]+):\/\/([^/?]*)([/?].*)?$/s

export const nginxDoor: HttpDoor = {
  name: 'nginx',
  read({ rawHeaders }) {
    const metadata = readMetadata(rawHeaders, ['x-original-url', 'x-original-method', 'x-real-ip'])
    if (isRefusal(metadata)) return metadata
    const [url, method, peer] = metadata
    const [, schemeText = '', host = '', target = ''] = urlGrammar.exec(url) ?? []
    const scheme = readScheme(schemeText)
    if (isRefusal(scheme)) return scheme
    // nginx says nothing of the connection unless it is told to.
    const upgrade = valuesOfHeader(rawHeaders, 'x-original-upgrade').flatMap((value) => ['upgrade', value])
    const lines = ['host', host, ...upgrade, ...withoutHeaders(rawHeaders, notTheClients)]
    return { method, target, rawHeaders: lines, peer, ...scheme }
  },
  removesAny: false,
  // Anything but these two is to nginx a failure of whoever it asked, and 500 to the client.
  statusOf: (status) => (status === 401 || status >= 500 ? status : 403),
}
