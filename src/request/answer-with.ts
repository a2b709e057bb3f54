/**
 * What the gateway answers by itself.
 * @module
 */

import type { Exchange } from './exchange.ts'

/** 200. `headers` are names and values in turn, without the length. */
export function answerWith({ response }: Exchange, body: string, headers: readonly string[]): void {
  // A client may leave while its answer is made.
  if (response.destroyed) return
  response.writeHead(200, [...headers, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}
