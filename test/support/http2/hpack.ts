/**
 * Header blocks of HTTP/2 (RFC 7541), as far as a hostile client needs them: it writes literals that nothing mends,
 * and reads answers of a server that it told to keep no dynamic table.
 * @module
 */

import type { HeaderLine } from '../recording-upstream.ts'
import { readHuffman } from './huffman.ts'

/** Where the dynamic table begins: behind the static one. */
export const firstDynamicIndex = 62

const names = (
  ' :authority :method :method :path :path :scheme :scheme :status :status :status :status :status :status :status ' +
  'accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow ' +
  'authorization cache-control content-disposition content-encoding content-language content-length ' +
  'content-location content-range content-type cookie date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards ' +
  'proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie ' +
  'strict-transport-security transfer-encoding user-agent vary via www-authenticate'
).split(' ')
const values = ' - GET POST / /index.html http https 200 204 206 304 400 404 500 - gzip'.split(' ')

/** A block of literals: as they are, in their order, kept by nobody. Text is written as latin-1. */
export function headerBlock(lines: readonly HeaderLine[]): Buffer {
  return Buffer.concat(lines.map((line) => literal(0x10, line)))
}

/** One literal that the server has to keep in its dynamic table. */
export function keptLiteral(line: HeaderLine): Buffer {
  return literal(0x40, line)
}

/** A reference to a line of one of the tables, in a single byte for indexes below 127. */
export function indexed(index: number): Buffer {
  return integer(0x80, 7, index)
}

/** All lines of a block. Throws on what refers to a dynamic table. */
export function readHeaderBlock(block: Buffer): readonly HeaderLine[] {
  const lines: HeaderLine[] = []
  const reader = new Reader(block)
  while (!reader.isDone) {
    const first = reader.peek()
    if (first >= 0x80) {
      const index = reader.integer(7)
      lines.push([nameAt(index), values[index] ?? ''])
    } else if (first >= 0x20 && first < 0x40) {
      reader.integer(5)
    } else {
      const index = reader.integer(first >= 0x40 ? 6 : 4)
      const name = index === 0 ? reader.text() : nameAt(index)
      lines.push([name, reader.text()])
    }
  }
  return lines
}

function literal(pattern: number, [name, value]: HeaderLine): Buffer {
  return Buffer.concat([Buffer.of(pattern), text(name), text(value)])
}

function text(latin1: string): Buffer {
  return Buffer.concat([integer(0, 7, latin1.length), Buffer.from(latin1, 'latin1')])
}

function integer(pattern: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.of(pattern | value)
  const bytes = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}

function nameAt(index: number): string {
  const name = names[index]
  if (name === undefined || name === '')
    throw new Error(`a server without a dynamic table refers to ${index}`)
  return name
}

class Reader {
  readonly #block: Buffer
  #at = 0

  constructor(block: Buffer) {
    this.#block = block
  }

  get isDone(): boolean {
    return this.#at >= this.#block.length
  }

  peek(): number {
    return this.#block.readUInt8(this.#at)
  }

  integer(bits: number): number {
    const most = 2 ** bits - 1
    let value = this.#block.readUInt8(this.#at++) & most
    if (value < most) return value
    for (let weight = 1; ; weight *= 128) {
      const byte = this.#block.readUInt8(this.#at++)
      value += (byte & 0x7f) * weight
      if (byte < 0x80) return value
    }
  }

  text(): string {
    const isHuffman = this.peek() >= 0x80
    const length = this.integer(7)
    const bytes = this.#block.subarray(this.#at, this.#at + length)
    this.#at += length
    return isHuffman ? readHuffman(bytes) : bytes.toString('latin1')
  }
}
