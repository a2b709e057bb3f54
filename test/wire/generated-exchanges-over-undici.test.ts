/**
 * What arrives as it was sent over our own client does so over the client for TLS upstreams, but for what undici does
 * not carry: reason phrases that are not ASCII or come in pieces, an answer that comes before the body has begun, and
 * that a body without a byte was to come in chunks.
 * @module
 */

import t from 'tap'
import { useUndici } from '../support/upstream-client.ts'
import type { Content, GeneratedExchange } from './generated/exchange.ts'
import { connections } from './generated/exchanges.ts'
import { holdGenerated, startHolding } from './generated/hold-exchanges.ts'

t.test('a thousand exchanges arrive on both sides as they were sent', async (t) => {
  useUndici()
  const hold = await startHolding(t)
  const carried = connections.map(({ exchanges, ...rest }) => ({
    ...rest,
    exchanges: exchanges.map(carriedByUndici),
  }))
  const held = await holdGenerated(hold, 1_000, carried)
  t.ok(held >= 1_000, `${held} exchanges`)
})

function carriedByUndici({ request, response, cutting }: GeneratedExchange): GeneratedExchange {
  const { content } = request
  const isEmpty = content.kind === 'chunked' && content.chunks.length === 0
  const none: Content = { kind: 'none' }
  return {
    request: { ...request, content: isEmpty ? none : content },
    response: { ...response, reason: '', isEarly: false },
    cutting,
  }
}
