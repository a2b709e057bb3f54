/**
 * Refusals for what never became a request: bytes that are not HTTP, heads that are too large or too slow, and
 * CONNECT. They are answered on the bare socket, which is then closed.
 * @module
 */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { Linger } from './linger.ts'
import { refusalMessage } from './refusal-body.ts'

/** What Node's parser calls the trouble. */
type ClientError = Error & { readonly code?: string }

/** The refusal for an error of Node's HTTP parser. */
export function refusalOfClientError(error: ClientError): Refusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refuse('too_many_headers', error.code)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refuse('request_timeout', error.code)
    default:
      return refuse('malformed_request', error.code ?? 'not HTTP')
  }
}

/** Whether the trouble is that the client ended the connection, in good order or not: nobody reads an answer. */
export function hasClientLeft({ code = '' }: ClientError): boolean {
  if (code === 'HPE_INVALID_EOF_STATE') return true
  return !code.startsWith('HPE_') && code !== 'ERR_HTTP_REQUEST_TIMEOUT'
}

/** Write the refusal and close. A socket on which a response has begun is closed without a word. */
export function refuseOnSocket(socket: Socket, refusal: Refusal, requestId: string, linger: Linger): void {
  if (!socket.writable || hasResponseBegun(socket)) {
    socket.destroy()
    return
  }
  const { body, headers } = refusalMessage(refusal, requestId)
  const lines = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`]
  for (let index = 0; index < headers.length; index += 2)
    lines.push(`${headers[index]}: ${headers[index + 1]}`)
  socket.end(`${lines.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`)
  linger.close(socket)
}

/** Node keeps the response that a socket is busy with in a field that its own `clientError` default reads too. */
function hasResponseBegun(socket: Socket): boolean {
  const { _httpMessage: response } = socket as { _httpMessage?: { readonly headersSent: boolean } | null }
  return response?.headersSent === true
}
