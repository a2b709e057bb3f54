/**
 * A body in chunks (RFC 9112 section 7.1), read strictly. Extensions and trailers are read within bounds and
 * thrown away: nobody asked for them, and the client's head is long gone.
 * @module
 */

import { malformed } from './http1-error.ts'
import { pushField } from './response-head.ts'

/** Of all chunk extensions together, and of all trailers. */
const extensionBytesMax = 16 * 1024
const trailerBytesMax = 16 * 1024
const sizeDigitsMax = 16
const sizeLine = /^([0-9A-Fa-f]{1,16})(?:[\t ]*;([\t\x20-\x7e\x80-\xff]*))?$/

type Expected = 'size' | 'data' | 'end of data' | 'trailer' | 'nothing'

/** Decodes one body. */
export class ChunkedBody {
  #expected: Expected = 'size'
  /** Bytes of the chunk that have not come. */
  #left = 0
  /** The beginning of a line that goes on. */
  #line = ''
  #extensionBytes = 0
  #trailerBytes = 0

  /** Whether the last byte was read, trailers included. */
  get isOver(): boolean {
    return this.#expected === 'nothing'
  }

  /**
   * Read on from `start`, and hand out each piece of the body as a view of the bytes. Returns the index behind
   * what belongs to the body. Throws an `Http1Error`.
   */
  read(bytes: Buffer, start: number, onPiece: (piece: Buffer) => void): number {
    let at = start
    while (at < bytes.length && this.#expected !== 'nothing') {
      if (this.#expected === 'data') {
        const end = Math.min(bytes.length, at + this.#left)
        this.#left -= end - at
        if (this.#left === 0) this.#expected = 'end of data'
        onPiece(bytes.subarray(at, end))
        at = end
      } else {
        at = this.#readLine(bytes, at)
      }
    }
    return at
  }

  #readLine(bytes: Buffer, start: number): number {
    const feed = bytes.indexOf(0x0a, start)
    const end = feed === -1 ? bytes.length : feed
    const lineBytesMax = this.#lineBytesMax()
    if (this.#line.length + end - start > lineBytesMax)
      throw malformed('a line that is too long in a chunked body')
    this.#line += bytes.toString('latin1', start, end)
    if (feed === -1) return end
    const line = this.#line
    this.#line = ''
    if (!line.endsWith('\r')) throw malformed('a bare line feed in a chunked body')
    this.#onLine(line.slice(0, -1))
    return end + 1
  }

  /** Of the line that is expected, its CR included. */
  #lineBytesMax(): number {
    switch (this.#expected) {
      case 'size':
        return sizeDigitsMax + extensionBytesMax - this.#extensionBytes + 1
      case 'trailer':
        return trailerBytesMax - this.#trailerBytes + 1
      default:
        return 1
    }
  }

  #onLine(line: string): void {
    switch (this.#expected) {
      case 'size':
        this.#onSize(line)
        return
      case 'end of data':
        // Its bound has let nothing through but the CR.
        this.#expected = 'size'
        return
      case 'trailer':
        this.#trailerBytes += line.length
        if (line === '') this.#expected = 'nothing'
        else pushField([], line)
        return
      default:
        throw malformed('a line where none was expected')
    }
  }

  #onSize(line: string): void {
    const [, digits] = sizeLine.exec(line) ?? []
    const size = digits === undefined ? Number.NaN : Number.parseInt(digits, 16)
    if (digits === undefined || !Number.isSafeInteger(size)) throw malformed('a chunk without a size')
    this.#extensionBytes += line.length - digits.length
    this.#left = size
    this.#expected = size === 0 ? 'trailer' : 'data'
  }
}
