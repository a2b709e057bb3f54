/**
 * Finds where a head ends, in however many pieces it comes, within a bound of bytes. What can never become a
 * head is refused at once: a server that speaks another protocol may be waiting for us to go on.
 * @module
 */

import { type Http1Error, malformed } from './http1-error.ts'

const headBytesMax = 64 * 1024
const endOfHead = Buffer.from('\r\n\r\n')
const protocol = 'HTTP/1.'
/** A CR or LF without the other, or another control character. A CR at the end may yet get its LF. */
const malformedPart = /[^\t\r\n\x20-\x7e\x80-\xff]|[^\r]\n|\r[^\n]/

/** Collects one head after another. */
export class HeadCollector {
  /** The beginning of a head; only one that comes in pieces needs it. */
  #part: Buffer | undefined
  #length = 0
  #text = ''

  /** The head that was found last, as latin-1, without the empty line behind it. */
  get text(): string {
    return this.#text
  }

  /** The index behind the head, or -1 where it goes on behind these bytes. Throws an `Http1Error`. */
  take(bytes: Buffer, start: number): number {
    if (this.#part !== undefined) return this.#takeMore(this.#part, bytes, start)
    const end = bytes.indexOf(endOfHead, start)
    if (end === -1) {
      this.#part = Buffer.allocUnsafe(headBytesMax)
      this.#hold(this.#part, bytes, start)
      this.#checkPart(this.#part, 0)
      return -1
    }
    if (end + endOfHead.length - start > headBytesMax) throw tooLarge()
    this.#text = bytes.toString('latin1', start, end)
    return end + endOfHead.length
  }

  #takeMore(part: Buffer, bytes: Buffer, start: number): number {
    const before = this.#length
    this.#hold(part, bytes, start)
    const end = part.subarray(0, this.#length).indexOf(endOfHead, Math.max(0, before - endOfHead.length + 1))
    if (end === -1) {
      this.#checkPart(part, before)
      return -1
    }
    this.#text = part.toString('latin1', 0, end)
    this.#part = undefined
    this.#length = 0
    return start + end + endOfHead.length - before
  }

  /** What does not fit is left out: the head ends before it, or is too large. */
  #hold(part: Buffer, bytes: Buffer, start: number): void {
    this.#length += bytes.copy(part, this.#length, start)
  }

  /** Looks at what is new, and at the character before it, for a CR that waited for its LF. */
  #checkPart(part: Buffer, before: number): void {
    const beginning = part.toString('latin1', 0, Math.min(this.#length, protocol.length))
    if (!protocol.startsWith(beginning)) throw malformed('not HTTP/1')
    const fresh = part.toString('latin1', Math.max(0, before - 1), this.#length)
    if (malformedPart.test(fresh)) throw malformed('a control character in a head')
    if (this.#length === headBytesMax) throw tooLarge()
  }
}

function tooLarge(): Http1Error {
  return malformed('a head that is too large')
}
