/**
 * What a client sends behind a request to switch protocols, before that is answered. It is for the other end of the
 * tunnel or for nobody: never read as a request, and never sent anywhere while no tunnel is open.
 * @module
 */

import type { Socket } from 'node:net'

/** More than this a client may send only when it has its answer. */
const earlyBytesMax = 64 * 1024
/** How long a client may go on sending what nobody reads, so that it gets to read the answer. */
const lingerMs = 5_000

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

  /** There was another answer than a switch, and it has been written: throw away what comes, and close. */
  discard(): void {
    this.#leave()
    this.#pieces = []
    const socket = this.#socket
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
    socket.once('close', () => clearTimeout(timer))
    socket.resume().end()
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
