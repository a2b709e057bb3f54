/**
 * One exchange from its beginning to its end, whatever door it came in by: the books are opened, the story is told, and
 * what goes wrong with it becomes a refusal.
 * @module
 */

import type { Door } from '../request/door.ts'
import type { Exchange } from '../request/exchange.ts'
import type { HandleRequest } from '../request/handle-request.ts'
import type { Plan } from '../request/plan.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { Overload } from './overload.ts'
import { sendRefusal } from './send-refusal.ts'
import { type Books, settleOnClose } from './settle.ts'

/** What an exchange goes by from its beginning to its end. */
export interface Serving {
  readonly plan: Plan
  readonly handle: HandleRequest
  readonly books: Books
}

/**
 * Opens the books. False when the exchange is over at once: refused for a `fault` of its head, or because the gateway has
 * too much to do.
 */
export function openExchange(
  exchange: Exchange,
  fault: Refusal | undefined,
  { plan, books }: Serving,
  overload: Overload,
): boolean {
  const refusal = fault ?? (overload.isShedding ? overload.refusalOf(exchange, plan) : undefined)
  settleOnClose(exchange, books, refusal === undefined ? overload : undefined)
  if (refusal === undefined) return true
  exchange.notes.refusal = refusal
  sendRefusal(exchange, refusal)
  return false
}

/** Never rejects: a rejection on the way is a defect of the gateway. */
export function tellStory(exchange: Exchange, { plan, handle, books }: Serving, door: Door): Promise<void> {
  return handle(exchange, plan, door).catch((error: unknown) => fail(exchange, error, books))
}

/** A throw on the way is a defect: the client learns only that, the log everything. */
function fail(exchange: Exchange, error: unknown, { log }: Books): void {
  const refusal = refuse('internal_error', 'an exception')
  exchange.notes.refusal = refusal
  log.error({ requestId: exchange.id, route: exchange.notes.route, error }, 'the gateway failed on a request')
  if (exchange.response.headersSent) exchange.response.destroy()
  else sendRefusal(exchange, refusal)
}
