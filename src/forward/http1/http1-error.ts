/**
 * What can go wrong with a request over our own client. Messages are fixed texts: nothing that an upstream
 * sent gets into a log by way of an error.
 * @module
 */

export type Http1ErrorCode =
  /** The request could be read as something else than it is; it was not sent. */
  | 'HTTP1_REQUEST'
  /** What came is not a response, or has two readings. */
  | 'HTTP1_RESPONSE'
  /** The connection ended before the response did. */
  | 'HTTP1_ENDED'
  | 'HTTP1_CONNECT_TIMEOUT'
  | 'HTTP1_HEAD_TIMEOUT'
  | 'HTTP1_BODY_TIMEOUT'
  | 'HTTP1_TOTAL_TIMEOUT'
  /** The gateway is closing. */
  | 'HTTP1_CLOSED'

/** A failure with a code that `refusalOf` knows. */
export class Http1Error extends Error {
  readonly code: Http1ErrorCode

  constructor(code: Http1ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** What an upstream sent breaks RFC 9112, or could be read in two ways. */
export function malformed(what: string): Http1Error {
  return new Http1Error('HTTP1_RESPONSE', what)
}
