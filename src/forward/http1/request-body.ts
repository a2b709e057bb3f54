/**
 * Carries the client's body to the upstream, as fast as the upstream takes it. The client's connection
 * outlives it: over that one, an answer or a refusal still has to go.
 * @module
 */

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** What becomes of a body. */
export interface BodyListener {
  /** Some of it was handed to the upstream, or the upstream took what it was handed. */
  onBodyProgress(): void
  onBodySent(): void
  /** The client left before its body was complete, or sent another length than it had announced. */
  onBodyBroken(): void
}

/** One body on its way. */
export class RequestBody {
  readonly #source: Readable
  readonly #socket: Socket
  readonly #listener: BodyListener
  /** Bytes that are still to come; `undefined` where the body goes in chunks. */
  #left: number | undefined
  #isStarted = false

  /** A body of so many bytes, or in chunks. Nothing of it is read before `start`. */
  constructor(source: Readable, bodyBytes: number | undefined, socket: Socket, listener: BodyListener) {
    this.#source = source
    this.#socket = socket
    this.#listener = listener
    this.#left = bodyBytes
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  start(): void {
    this.#isStarted = true
    this.#source.on('data', this.#onData)
    this.#source.on('end', this.#onEnd)
    this.#source.on('close', this.#onClose)
    this.#socket.on('drain', this.#onDrain)
    this.#source.resume()
  }

  /** Carry no more. What the client still sends is read and thrown away, so that it gets to read the answer. */
  stop(): void {
    this.#source.off('data', this.#onData)
    this.#source.off('end', this.#onEnd)
    this.#source.off('close', this.#onClose)
    this.#socket.off('drain', this.#onDrain)
    this.#source.resume()
  }

  readonly #onData = (bytes: Buffer): void => {
    const hasRoom = this.#left === undefined ? this.#writeChunk(bytes) : this.#writeBytes(bytes, this.#left)
    if (!hasRoom) this.#source.pause()
    this.#listener.onBodyProgress()
  }

  readonly #onDrain = (): void => {
    this.#listener.onBodyProgress()
    this.#source.resume()
  }

  readonly #onEnd = (): void => {
    if (this.#left !== undefined && this.#left > 0) {
      this.#break()
      return
    }
    if (this.#left === undefined) this.#socket.write('0\r\n\r\n', 'latin1')
    this.stop()
    this.#listener.onBodySent()
  }

  readonly #onClose = (): void => {
    this.#break()
  }

  #writeBytes(bytes: Buffer, left: number): boolean {
    if (bytes.length > left) {
      this.#break()
      return true
    }
    this.#left = left - bytes.length
    return this.#socket.write(bytes)
  }

  /** Size, bytes and line end leave in one write. */
  #writeChunk(bytes: Buffer): boolean {
    // An empty chunk would be the last one.
    if (bytes.length === 0) return true
    this.#socket.cork()
    this.#socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1')
    this.#socket.write(bytes)
    const hasRoom = this.#socket.write('\r\n', 'latin1')
    this.#socket.uncork()
    return hasRoom
  }

  #break(): void {
    this.stop()
    this.#listener.onBodyBroken()
  }
}
