/**
 * The first line of an envelope, which may name a DSN. Only the beginning of the body is looked at and decompressed,
 * within bounds; the body goes on as it came.
 * @module
 */

import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { parseJson } from '../../facts/json-pointer.ts'
import type { BodySource } from '../../request/body-peek.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'

/** Of the body as it comes, and of its first line. SDKs write a few hundred bytes. */
const beginningBytesMax = 16_384
const lineBytesMax = 16_384
const lineFeed = 0x0a
/** Of zstd, as RFC 9659 bounds it for content: 8 MiB. */
const windowLogMax = 23

const unreadable = refuse('malformed_request', 'an envelope whose header cannot be read')

/** Resolves with the fields of the header, or with a refusal: nobody knows what a server would find in it. */
export async function readEnvelopeHeader(
  request: CanonicalRequest,
  body: BodySource,
): Promise<Readonly<Record<string, unknown>> | Refusal> {
  const decoder = decoderOf(valuesOfHeader(request.rawHeaders, 'content-encoding'))
  if (decoder === undefined) return unreadable
  const peeked = await body.peekBody(beginningBytesMax)
  if (isRefusal(peeked)) return peeked
  const text = await decoder(peeked.bytes).catch(() => undefined)
  if (text === undefined) return unreadable
  const end = text.indexOf(lineFeed)
  if (end > lineBytesMax || (end === -1 && !(peeked.isWhole && text.length <= lineBytesMax)))
    return unreadable
  const header = parseJson(end === -1 ? text : text.subarray(0, end))
  return isObject(header) ? header : unreadable
}

/** Yields the beginning of the text: its first line, where that is within bounds. */
type Decode = (bytes: Buffer) => Promise<Buffer>

/** `undefined` for a coding that Sentry does not know, or more than one. */
function decoderOf([coding = 'identity', ...more]: readonly string[]): Decode | undefined {
  if (more.length > 0) return undefined
  switch (coding.toLowerCase()) {
    case '':
    case 'identity':
      return (bytes) => Promise.resolve(bytes)
    case 'gzip':
    case 'x-gzip':
      return (bytes) => beginningOf(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }), bytes)
    case 'deflate':
      return (bytes) => beginningOf(createInflate({ finishFlush: constants.Z_SYNC_FLUSH }), bytes)
    case 'br':
      return (bytes) =>
        beginningOf(createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }), bytes)
    case 'zstd':
      return (bytes) =>
        beginningOf(
          createZstdDecompress({
            finishFlush: constants.ZSTD_e_flush,
            params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
          }),
          bytes,
        )
    default:
      return undefined
  }
}

/** Stops at the first line feed, or past the bound. */
async function beginningOf(decoder: Transform, bytes: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  decoder.end(bytes)
  for await (const piece of decoder as AsyncIterable<Buffer>) {
    pieces.push(piece)
    length += piece.length
    if (length > lineBytesMax || piece.includes(lineFeed)) break
  }
  return Buffer.concat(pieces)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
