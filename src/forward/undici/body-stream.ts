/**
 * The client's body as a stream of its own: undici destroys the body of a request that failed, and must not
 * destroy the client's connection with it, over which the refusal still has to go.
 * @module
 */

import { Readable } from 'node:stream'

/** A stream that reads from the client only as fast as the upstream takes. */
export function bodyStream(incoming: Readable): Readable {
  const body = new Readable({
    read() {
      incoming.resume()
    },
    destroy(error, done) {
      incoming.off('data', onData)
      incoming.off('end', onEnd)
      incoming.off('close', onClose)
      // What the client still sends is read and thrown away, so that it gets to read the answer.
      incoming.resume()
      done(error)
    },
  })
  function onData(chunk: Buffer) {
    if (!body.push(chunk)) incoming.pause()
  }
  function onEnd() {
    body.push(null)
  }
  function onClose() {
    if (!incoming.readableEnded) body.destroy(new Error('the client left before its body was complete'))
  }
  incoming.on('data', onData)
  incoming.on('end', onEnd)
  incoming.on('close', onClose)
  incoming.pause()
  return body
}
