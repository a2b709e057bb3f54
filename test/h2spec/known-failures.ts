/**
 * Cases of h2spec that fail with every server on Node's HTTP/2, which is nghttp2, and what happens instead. None of them
 * lets a second request through; test/wire/http2-streams.test.ts and test/wire/http2-floods.test.ts hold that.
 * @module
 */

const ignored =
  'frames on a stream that is over are ignored; its header block is read, so that the tables agree'
const priority = 'priorities are ignored altogether: RFC 9113 has given them up'

export const knownFailures: Readonly<Record<string, string>> = {
  'http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame': ignored,
  'http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame': ignored,
  'http2/5.1: closed: Sends a DATA frame': ignored,
  'http2/5.1: closed: Sends a HEADERS frame': ignored,
  'http2/5.1.1: Sends stream identifier that is numerically smaller than previous': ignored,
  'http2/5.3.1: Sends PRIORITY frame that depend on itself': priority,
  'http2/6.3: Sends a PRIORITY frame with 0x0 stream identifier': priority,
  'http2/6.7: Sends a PING frame with ACK': 'an answer to no question ends the connection',
  'http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream':
    'it ends the connection, and not the stream alone',
}
