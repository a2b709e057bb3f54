/**
 * Reads HTTP/1.1 responses off raw bytes, keeping header names, order and repetition as they came.
 * @module
 */

export interface RawResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** All values of a header, whatever the case of its name. */
  header(name: string): readonly string[]
  /** Without the framing of chunks. */
  readonly body: Buffer
  /** Statuses of the interim responses before it: `[100]`. */
  readonly interim: readonly number[]
}

export interface ParsedResponse {
  readonly response: RawResponse
  /** What follows the response: the next one of a pipeline, bytes of a tunnel. */
  readonly rest: Buffer
}

export interface ParseContext {
  /** The response has no body whatever its headers say. */
  readonly isHead: boolean
  /** No more bytes will come: they end a body that has no other end. */
  readonly isEnded: boolean
}

/** The first final response of the bytes; `undefined` when it is not complete yet. Throws on what is not HTTP/1. */
export function parseResponse(bytes: Buffer, context: ParseContext): ParsedResponse | undefined {
  const interim: number[] = []
  let from = bytes
  for (;;) {
    const headEnd = from.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const head = parseHead(from.toString('latin1', 0, headEnd))
    const after = from.subarray(headEnd + 4)
    const isInterim = head.status >= 100 && head.status < 200 && head.status !== 101
    if (isInterim) {
      interim.push(head.status)
      from = after
      continue
    }
    const framed = takeBody(head, after, context)
    return framed && { response: { ...head, body: framed.body, interim }, rest: framed.rest }
  }
}

type Head = Omit<RawResponse, 'body' | 'interim'>
type Framed = { readonly body: Buffer; readonly rest: Buffer }

function parseHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const [, status, statusText = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine) ?? []
  if (status === undefined) throw new Error(`not a status line: ${statusLine.slice(0, 80)}`)
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  const header = (name: string) =>
    headers.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return { status: Number(status), statusText, headers, header }
}

function takeBody(head: Head, bytes: Buffer, { isHead, isEnded }: ParseContext): Framed | undefined {
  if (isHead || [101, 204, 304].includes(head.status)) return { body: Buffer.alloc(0), rest: bytes }
  if (head.header('transfer-encoding').some((value) => /\bchunked$/i.test(value))) return takeChunks(bytes)
  const [length] = head.header('content-length')
  if (length !== undefined) {
    return bytes.length < Number(length)
      ? undefined
      : { body: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) }
  }
  return isEnded ? { body: bytes, rest: Buffer.alloc(0) } : undefined
}

function takeChunks(bytes: Buffer): Framed | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('not the size of a chunk')
    if (size === 0) return afterTrailers(bytes, lineEnd, Buffer.concat(chunks))
    const end = lineEnd + 2 + size
    if (bytes.length < end + 2) return undefined
    chunks.push(bytes.subarray(lineEnd + 2, end))
    at = end + 2
  }
}

/** From the end of the last chunk's line: trailers, if any, and an empty line. */
function afterTrailers(bytes: Buffer, lineEnd: number, body: Buffer): Framed | undefined {
  const end = bytes.indexOf('\r\n\r\n', lineEnd)
  return end === -1 ? undefined : { body, rest: bytes.subarray(end + 4) }
}
