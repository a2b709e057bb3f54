/**
 * The two framings of a body in HTTP/1.1: its bytes as they are, where their number was said, or chunks.
 * @module
 */

import type { Socket } from 'node:net'
import type { BodyWriter } from '../request-body.ts'

/** Writes a body of so many bytes or, where that is `undefined`, in chunks. */
export function bodyWriter(socket: Socket, bodyBytes: number | undefined): BodyWriter {
  if (bodyBytes !== undefined) return { stream: socket, write: (bytes) => socket.write(bytes), end() {} }
  return {
    stream: socket,
    write: (bytes) => writeChunk(socket, bytes),
    end: () => void socket.write('0\r\n\r\n', 'latin1'),
  }
}

/** Size, bytes and line end leave in one write. */
function writeChunk(socket: Socket, bytes: Buffer): boolean {
  // An empty chunk would be the last one.
  if (bytes.length === 0) return true
  socket.cork()
  socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1')
  socket.write(bytes)
  const hasRoom = socket.write('\r\n', 'latin1')
  socket.uncork()
  return hasRoom
}
