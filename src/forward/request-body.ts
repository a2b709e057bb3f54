/**
 * Carries the client's body to the upstream, as fast as the upstream takes it. The client's connection
 * outlives it: over that one, an answer or a refusal still has to go.
 * @module
 */

import type { Readable, Writable } from 'node:stream'

/** Where a body goes, in the framing of its protocol. */
export interface BodyWriter {
  /** Emits `drain` when more can be written. */
  readonly stream: Writable
  /** False where `drain` is to be waited for. */
  write(bytes: Buffer): boolean
  /** The last byte was written. */
  end(): void
}

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
  readonly #writer: BodyWriter
  readonly #listener: BodyListener
  /** Bytes that are still to come; `undefined` where nobody said how many. */
  #left: number | undefined
  #isStarted = false
  #isBegun = false

  /** A body of so many bytes, or of a number that is not known. Nothing of it is read before `start`. */
  constructor(source: Readable, bodyBytes: number | undefined, writer: BodyWriter, listener: BodyListener) {
    this.#source = source
    this.#writer = writer
    this.#listener = listener
    this.#left = bodyBytes
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  /** Whether a byte of it, or its end, was taken from the client. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  start(): void {
    this.#isStarted = true
    this.#source.on('data', this.#onData)
    this.#source.on('end', this.#onEnd)
    this.#source.on('close', this.#onClose)
    this.#writer.stream.on('drain', this.#onDrain)
    this.#source.resume()
  }

  /** Carry no more. What the client still sends is read and thrown away, so that it gets to read the answer. */
  stop(): void {
    this.#leave()
    this.#source.resume()
  }

  /** Leave one that was not begun as it was: another carries it. */
  putBack(): void {
    this.#leave()
    this.#source.pause()
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#isBegun = true
    if (this.#left !== undefined) {
      if (bytes.length > this.#left) {
        this.#break()
        return
      }
      this.#left -= bytes.length
    }
    if (!this.#writer.write(bytes)) this.#source.pause()
    this.#listener.onBodyProgress()
  }

  readonly #onDrain = (): void => {
    this.#listener.onBodyProgress()
    this.#source.resume()
  }

  readonly #onEnd = (): void => {
    this.#isBegun = true
    if (this.#left !== undefined && this.#left > 0) {
      this.#break()
      return
    }
    this.#writer.end()
    this.stop()
    this.#listener.onBodySent()
  }

  readonly #onClose = (): void => {
    this.#break()
  }

  #leave(): void {
    this.#source.off('data', this.#onData)
    this.#source.off('end', this.#onEnd)
    this.#source.off('close', this.#onClose)
    this.#writer.stream.off('drain', this.#onDrain)
  }

  #break(): void {
    this.stop()
    this.#listener.onBodyBroken()
  }
}
