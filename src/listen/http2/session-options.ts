/**
 * The bounds of one HTTP/2 connection, every one of them said: what a client may hold and what it may make the gateway
 * do is not left to the runtime.
 * @module
 */

import type { ServerSessionOptions } from 'node:http2'
import type { Settings } from '../../config/schema/settings.ts'

/** What one stream may send before the upstream has taken it: enough for an upload over a distant line. */
const streamWindowBytes = 256 * 1024

/** What all streams of a connection may send before the gateway has read it off the connection. */
export const sessionWindowBytes = 1024 * 1024

/** What HPACK counts for each header beside its bytes (RFC 7541 section 4.1). */
const headerOverheadBytes = 32

/** Pseudo-headers of a request. */
const pseudoHeaders = 4

/**
 * Heads up to twice the limits are read, so that most clients get their 431; a larger one costs its stream
 * (ENHANCE_YOUR_CALM).
 */
export function sessionOptions({
  limits: { headerCount, headerBytes, streams },
}: Settings['listen']): ServerSessionOptions {
  const pairs = 2 * (headerCount + pseudoHeaders)
  return {
    settings: {
      maxConcurrentStreams: streams,
      maxHeaderListSize: 2 * headerBytes + pairs * headerOverheadBytes,
      initialWindowSize: streamWindowBytes,
      // Nothing is pushed, and no other protocol is tunnelled.
      enablePush: false,
      enableConnectProtocol: false,
      // The decoder's table: what the protocol says, and what all clients expect.
      headerTableSize: 4096,
      maxFrameSize: 16_384,
    },
    maxHeaderListPairs: pairs,
    // Megabytes that the library may hold for one connection: heads, and what waits to be sent.
    maxSessionMemory: 16,
    // A page that is left cancels what it asked for: that many at once, then so many a second.
    streamResetBurst: 2 * streams,
    streamResetRate: 33,
    // Frames that the gateway has to answer before anything else, queued for a client that does not read.
    maxOutstandingPings: 10,
    // Entries of one SETTINGS frame.
    maxSettings: 32,
    // Frames that are none: a client that goes on sending them is no client.
    maxSessionInvalidFrames: 100,
    // Requests beyond the streams that were allowed.
    maxSessionRejectedStreams: 100,
    maxDeflateDynamicTableSize: 4096,
    // A field twice is carried twice: what an upstream says is not mended.
    strictSingleValueFields: false,
  }
}
