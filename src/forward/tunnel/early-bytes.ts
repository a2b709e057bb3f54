/**
 * What a client sends behind a request to switch protocols, before that is answered. It is for the other end of the
 * tunnel or for nobody: never read as a request, and never sent anywhere while no tunnel is open.
 * @module
 */

import type { Socket } from 'node:net'

/** More than this a client may send only when it has its answer. */
const earlyBytesMax = 64 * 1024

/** Reads on from the moment that the request is complete, so that a client that leaves is noticed. */
export class EarlyBytes {
  readonly #socket: Socket
  readonly #onData = (bytes: Buffer) => this.#keep(bytes)
  /** A client that ends its side before the answer waits for none, as with any request. */
  readonly #onEnd = () => this.#socket.destroy()
  #pieces: Buffer[] = []
  #length = 0

  /** `head` is what came with the request. */
  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket
    this.#keep(head)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
  }

  /** Yields what has come, and leaves the socket, paused, to whoever asks. */
  take(): Buffer {
    this.#leave()
    this.#socket.pause()
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    return bytes
  }

  /** There was another answer than a switch: nobody wants what has come, and the socket is left to whoever closes it. */
  discard(): void {
    this.#leave()
    this.#pieces = []
  }

  #keep(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#length += bytes.length
    if (this.#length >= earlyBytesMax) this.#socket.pause()
  }

  #leave(): void {
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
  }
}
