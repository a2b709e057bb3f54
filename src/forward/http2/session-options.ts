/**
 * What an upstream may send over one connection. What is beyond these bounds costs it the stream or the connection.
 * @module
 */

/** That an answer may be ahead of its reader: so much is held for a client that is slow, and no more. */
const streamWindowBytes = 256 * 1024

/** Of all streams together: more than one, so that a slow client holds up nobody else. */
export const connectionWindowBytes = 4 * 1024 * 1024

export const sessionOptions = {
  settings: {
    enablePush: false,
    initialWindowSize: streamWindowBytes,
    // As over HTTP/1.1. A field counts as 32 bytes more than it has (RFC 9113 section 6.5.2).
    maxHeaderListSize: 64 * 1024,
  },
  maxHeaderListPairs: 256,
  /** What a client may send, and what the gateway adds to it. */
  maxSendHeaderBlockLength: 2 * 1024 * 1024,
  /** Fields are carried as often as they stand, whatever they are. */
  strictSingleValueFields: false,
  maxOutstandingPings: 2,
  maxSessionInvalidFrames: 100,
  maxOriginSetSize: 1,
} as const
