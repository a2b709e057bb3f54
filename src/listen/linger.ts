/**
 * How a client's connection ends behind its last answer (RFC 9112 section 9.6). One that is closed while the client still
 * sends is reset, and a reset takes the answer with it that the client has not read yet. So the gateway ends its own side,
 * reads on for a while what nobody wants, and then closes.
 * @module
 */

import { Socket } from 'node:net'

/** From the end of the answer, at the most. */
const lingerMsMax = 5_000
/** Of a client that has sent nothing for so long, nothing is on its way. */
const silenceMsMax = 1_000
/** A client that has sent so much has had the time to read. */
const bytesMax = 64 * 1024 * 1024

/** Closes connections in stages, and knows those that are between them. */
export class Linger {
  readonly #lingering = new Set<Socket>()

  /** From now on the HTTP server closes this connection in stages. */
  watch(socket: Socket): void {
    // What Node calls behind the last answer.
    socket.destroySoon = () => this.close(socket)
  }

  /** The connection is no longer one of HTTP. */
  release(socket: Socket): void {
    socket.destroySoon = Socket.prototype.destroySoon
  }

  /** Nothing that has come or will come on the connection is read as a request. Idempotent. */
  close(socket: Socket): void {
    if (this.#lingering.has(socket)) return
    // With nobody to send there is nothing to wait for.
    if (socket.readableEnded || socket.destroyed) {
      Socket.prototype.destroySoon.call(socket)
      return
    }
    this.#lingering.add(socket)
    socket.once('close', () => this.#lingering.delete(socket))
    socket.on('error', () => {
      // Its close follows.
    })
    discard(socket)
    socket.once('end', () => Socket.prototype.destroySoon.call(socket))
    if (socket.writable) socket.end()
    if (socket.writableFinished) boundTime(socket)
    else socket.once('finish', () => boundTime(socket))
  }

  /** Ends all waiting. */
  closeAll(): void {
    for (const socket of this.#lingering) socket.destroy()
  }
}

/** Takes the socket from Node's parser, which lets go of it as soon as somebody else listens for bytes; nothing holds it. */
function discard(socket: Socket): void {
  leaveIdleConnections(socket)
  const readBefore = socket.bytesRead
  socket.removeAllListeners('data').removeAllListeners('resume')
  socket.on('data', () => {
    if (socket.bytesRead - readBefore > bytesMax) socket.destroy()
  })
  socket.resume()
  // While the parser read by itself the socket went on waiting for a first byte, so it would not begin to read again.
  socket._read(0)
}

/** A server that closes what is idle takes a connection for that whose last request is complete. */
function leaveIdleConnections(socket: Socket): void {
  const { parser } = socket as { parser?: { remove?: () => void } | null }
  parser?.remove?.()
}

function boundTime(socket: Socket): void {
  const close = () => socket.destroy()
  const whole = setTimeout(close, lingerMsMax)
  const silence = setTimeout(close, silenceMsMax)
  socket.on('data', () => silence.refresh())
  socket.once('close', () => {
    clearTimeout(whole)
    clearTimeout(silence)
  })
}
