/**
 * What can go wrong with a request over HTTP/2. Messages are fixed texts and the names of error codes: nothing that an
 * upstream wrote gets into a log by way of an error.
 * @module
 */

import { constants } from 'node:http2'

export type Http2ErrorCode =
  /** The request could be read as something else than it is, or its body broke off. */
  | 'HTTP2_REQUEST'
  /** Whoever listens there does not speak HTTP/2. */
  | 'HTTP2_PROTOCOL'
  /** What came is not a response, or breaks RFC 9113. */
  | 'HTTP2_RESPONSE'
  /** The upstream has said that it did nothing with the request (RFC 9113 section 8.7). */
  | 'HTTP2_REFUSED'
  /** The stream or its connection ended before the response did. */
  | 'HTTP2_ENDED'
  /** Too many requests wait already. */
  | 'HTTP2_BUSY'
  | 'HTTP2_CONNECT_TIMEOUT'
  | 'HTTP2_HEAD_TIMEOUT'
  | 'HTTP2_BODY_TIMEOUT'
  /** The gateway is closing. */
  | 'HTTP2_CLOSED'

/** A failure with a code that `refusalOf` knows. */
export class Http2Error extends Error {
  readonly code: Http2ErrorCode

  constructor(code: Http2ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const names = new Map(
  Object.entries(constants)
    .filter(([name]) =>
      /^NGHTTP2_(NO_ERROR|[A-Z0-9_]+_ERROR|REFUSED_STREAM|CANCEL|STREAM_CLOSED)$/.test(name),
    )
    .map(([name, code]) => [code, name.replace('NGHTTP2_', '')]),
)

/** What a stream means that was reset with this code before its end, by either side. */
export function resetWith(code: number): Http2Error {
  switch (code) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return new Http2Error('HTTP2_REFUSED', 'the upstream did not take the request')
    // The codes for what breaks a rule, and for heads beyond their bound: this side uses them for what came.
    case constants.NGHTTP2_PROTOCOL_ERROR:
    case constants.NGHTTP2_FLOW_CONTROL_ERROR:
    case constants.NGHTTP2_FRAME_SIZE_ERROR:
    case constants.NGHTTP2_COMPRESSION_ERROR:
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return new Http2Error('HTTP2_RESPONSE', `not a response: ${names.get(code) ?? code}`)
    default:
      return new Http2Error('HTTP2_ENDED', `the stream was reset: ${names.get(code) ?? code}`)
  }
}

/** What an upstream sent breaks RFC 9113, or could be read in two ways. */
export function malformed(what: string): Http2Error {
  return new Http2Error('HTTP2_RESPONSE', what)
}
