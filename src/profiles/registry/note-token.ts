/**
 * For the log: whose request it was that the gateway answered for a registry.
 * @module
 */

import type { Exchange } from '../../request/exchange.ts'
import type { Token } from '../../tokens/token.ts'

export function noteToken({ notes }: Exchange, { id, kind, subject }: Token): void {
  notes.tokenId = id
  notes.tokenKind = kind
  notes.subject = subject.name
}
