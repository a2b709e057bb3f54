/**
 * Reads messages off a connection byte for byte, as both ends of the generated exchanges do.
 * @module
 */

export interface ReadMessage {
  readonly start: string
  /** Without line ends, and without the white space before them, which is no part of a value. */
  readonly lines: readonly string[]
  readonly content: Buffer
  /** Lines behind the last chunk. */
  readonly trailers: readonly string[]
  /** False for one that goes on. */
  readonly isWhole: boolean
  /** Bytes of head and content. */
  readonly bytes: number
}

/** The first message of the bytes, as far as it has come; `undefined` before its head is there. */
export function readMessage(
  bytes: Buffer,
  options: {
    readonly isBodiless: (start: string) => boolean
    readonly isUntilClose: boolean
    readonly isEnded: boolean
  },
): ReadMessage | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [start = '', ...fieldLines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const lines = fieldLines.map((line) => line.replace(/[ \t]+$/, ''))
  const behind = bytes.subarray(headEnd + 4)
  const headBytes = headEnd + 4
  const headerValue = (name: string) => {
    const line = lines.find((each) => each.toLowerCase().startsWith(`${name}:`))
    return line?.slice(line.indexOf(':') + 1).trim()
  }
  const whole = (content: Buffer, all: number, trailers: readonly string[] = []): ReadMessage => ({
    start,
    lines,
    content,
    trailers,
    isWhole: true,
    bytes: headBytes + all,
  })
  const part = (content: Buffer): ReadMessage => ({ ...whole(content, behind.length), isWhole: false })
  if (options.isBodiless(start)) return whole(Buffer.alloc(0), 0)
  if (headerValue('transfer-encoding') !== undefined) {
    const { content, trailers, end } = readChunks(behind)
    return end === undefined ? part(content) : whole(content, end, trailers)
  }
  const length = headerValue('content-length')
  if (length === undefined) {
    if (!options.isUntilClose) return whole(Buffer.alloc(0), 0)
    return options.isEnded ? whole(behind, behind.length) : part(behind)
  }
  return behind.length < Number(length)
    ? part(behind)
    : whole(behind.subarray(0, Number(length)), Number(length))
}

function readChunks(bytes: Buffer): {
  readonly content: Buffer
  readonly trailers: readonly string[]
  readonly end: number | undefined
} {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const part = { content: Buffer.concat(chunks), trailers: [], end: undefined }
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return part
    const sizeText = bytes.toString('latin1', at, lineEnd)
    if (!/^[0-9a-f]+$/i.test(sizeText)) throw new Error(`a chunk of size «${sizeText}»`)
    const size = Number.parseInt(sizeText, 16)
    if (size === 0) {
      const end = bytes.indexOf('\r\n\r\n', lineEnd)
      if (end === -1) return part
      const trailers = bytes
        .toString('latin1', lineEnd + 2, end + 2)
        .split('\r\n')
        .filter((line) => line !== '')
      return { content: part.content, trailers, end: end + 4 }
    }
    if (bytes.length < lineEnd + 4 + size) {
      chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
      return { content: Buffer.concat(chunks), trailers: [], end: undefined }
    }
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 4 + size
  }
}
