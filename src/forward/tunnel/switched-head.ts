/**
 * The head of a «101 Switching Protocols», read strictly. A service that mirrors a status from elsewhere can be made to
 * say 101 while it goes on speaking HTTP: a tunnel to it would carry requests that nobody authorized. So the upstream
 * has to name the very protocol that was asked for and, for a WebSocket, to prove that it has read the request.
 * @module
 */

import { createHash } from 'node:crypto'
import { namesUpgrade } from '../../request/find-upgrade.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { malformed } from '../http1/http1-error.ts'
import type { ResponseHead } from '../http1/response-head.ts'

/** Of RFC 6455 section 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Throws an `Http1Error` unless the upstream has switched to `protocol`, as `requestHeaders` ask. */
export function checkSwitch(
  { minorVersion, headers }: ResponseHead,
  protocol: string,
  requestHeaders: readonly string[],
): void {
  const isSwitch =
    minorVersion === 1 &&
    namesUpgrade(valuesOfHeader(headers, 'connection')) &&
    valuesOfHeader(headers, 'upgrade').join().toLowerCase() === protocol
  if (!isSwitch) throw malformed('a switch to another protocol than was asked for')
  const hasBody = ['content-length', 'transfer-encoding'].some(
    (name) => valuesOfHeader(headers, name).length > 0,
  )
  if (hasBody) throw malformed('a switch of protocols with a body')
  if (
    protocol === 'websocket' &&
    valuesOfHeader(headers, 'sec-websocket-accept').join() !== acceptOf(requestHeaders)
  )
    throw malformed('a switch to WebSocket without proof that the request was read')
}

function acceptOf(requestHeaders: readonly string[]): string {
  const [key = ''] = valuesOfHeader(requestHeaders, 'sec-websocket-key')
  return createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64')
}
