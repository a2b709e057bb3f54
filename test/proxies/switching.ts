/**
 * The two sides of a WebSocket's handshake: what a client sends, and what the service answers it with.
 * @module
 */

import type { Duplex } from 'node:stream'
import type { HeaderLine } from '../support/recording-upstream.ts'

export const handshake: readonly HeaderLine[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
]

/** To that key. */
export const switched = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  '\r\n',
].join('\r\n')

/** Switches, and goes after a while: an answer that its proxy still asks about has to find the connection open. */
export function switchFor(socket: Duplex, openMs: number): void {
  socket.write(switched)
  setTimeout(() => socket.end(), openMs)
}
