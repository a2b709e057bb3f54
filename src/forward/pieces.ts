/**
 * The bytes of bodies on their way to clients. A piece is read into bytes that all connections share, copied for its
 * client, and the copy is used again when it was written, never before: memory of that size which is left to V8 has it
 * collect the whole heap several times a second.
 * @module
 */

import type { ClientResponse } from '../request/exchange.ts'

/** Of one read. */
const pieceBytesMax = 256 * 1024
/** Less is left to V8. */
const copyBytesMin = 8 * 1024
/** Of one read while many clients have not taken what they were sent. */
const scarceBytesMax = 64 * 1024
/** Pieces that clients may hold before reads become smaller: 64 MiB. */
const heldMax = 256
/** Pieces that wait to be used again: 16 MiB. */
const freeMax = 64

const readBuffer = Buffer.allocUnsafeSlow(pieceBytesMax)
const scarceReadBuffer = readBuffer.subarray(0, scarceBytesMax)
const free: Buffer[] = []
let held = 0

/** Where the next read goes, whatever the connection. */
export function bytesToReadInto(): Buffer {
  return held < heldMax ? readBuffer : scarceReadBuffer
}

/** What the last read has brought, for as long as nobody reads again. */
export function bytesRead(length: number): Buffer {
  return readBuffer.subarray(0, length)
}

/** The pieces of one response. To be ended when that has closed, because Node drops some writes then without a word. */
export class Pieces {
  readonly #response: ClientResponse
  #held = 0
  #isOver = false

  constructor(response: ClientResponse) {
    this.#response = response
  }

  /** Write a piece of the body, which may change when this returns. False where `drain` is to be waited for. */
  write(piece: Buffer): boolean {
    const isBorrowed = piece.length >= copyBytesMin && piece.length <= pieceBytesMax && held < heldMax
    if (!isBorrowed || this.#isOver) return this.#response.write(Buffer.from(piece))
    const copy = free.pop() ?? Buffer.allocUnsafeSlow(pieceBytesMax)
    piece.copy(copy)
    held++
    this.#held++
    return this.#response.write(copy.subarray(0, piece.length), (error) => this.#written(copy, error))
  }

  /** What was not written by now is not used again: it may lie in a queue yet. */
  end(): void {
    this.#isOver = true
    held -= this.#held
    this.#held = 0
  }

  #written(copy: Buffer, error: Error | null | undefined): void {
    if (this.#isOver) return
    held--
    this.#held--
    if (!error && free.length < freeMax) free.push(copy)
  }
}
