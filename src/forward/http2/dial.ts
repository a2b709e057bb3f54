/**
 * Connects to where an upstream listens and, over TLS, has it choose HTTP/2: nothing else will do.
 * @module
 */

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Address } from '../address.ts'
import type { TlsOptions } from '../tls-options.ts'
import { Http2Error } from './http2-error.ts'

/** Where to connect; without `tls`, an upstream is taken at its word that it speaks HTTP/2 (RFC 9113 section 3.3). */
export interface Place {
  readonly address: Address
  readonly tls: TlsOptions | undefined
}

const common = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

/** Begins a connection. `onReady` is called when HTTP/2 can be spoken; what goes wrong is an `error` of the socket. */
export function dialHttp2({ address, tls }: Place, onReady: () => void): Socket {
  if (tls === undefined) return connect({ ...common, ...address }, onReady)
  const socket = connectTls(
    { ...common, ...address, ...serverName(address), ...tls, ALPNProtocols: ['h2'] },
    () => {
      if (socket.alpnProtocol === 'h2') onReady()
      else socket.destroy(notHttp2('its TLS did not choose h2'))
    },
  )
  return socket
}

/** The error that is meant by one before the upstream has said a word of HTTP/2. */
export function connectErrorOf(error: Error & { readonly code?: string }): Error {
  const { code = '' } = error
  if (code.includes('NO_APPLICATION_PROTOCOL')) return notHttp2('its TLS refuses h2')
  return code.startsWith('ERR_HTTP2_') ? notHttp2('it answers in another protocol') : error
}

function notHttp2(why: string): Http2Error {
  return new Http2Error('HTTP2_PROTOCOL', `the upstream does not speak HTTP/2: ${why}`)
}

/** An address has no name to be sent. */
function serverName(address: Address): { readonly servername?: string } {
  return 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {}
}
