/**
 * What the gateway answers for a registry by itself.
 * @module
 */

import type { Exchange } from '../../request/exchange.ts'
import type { Token } from '../../tokens/token.ts'

/** 200. `headers` are names and values in turn, without the length. */
export function answerWith({ response }: Exchange, body: string, headers: readonly string[]): void {
  // A client may leave while its token is looked up.
  if (response.destroyed) return
  response.writeHead(200, [...headers, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}

/** For the log: whose request it was. */
export function noteToken({ notes }: Exchange, { id, kind, subject }: Token): void {
  notes.tokenId = id
  notes.tokenKind = kind
  notes.subject = subject.name
}
