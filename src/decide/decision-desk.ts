/**
 * Answers other proxies: each question is an exchange of its own, which goes through the story that proxied requests go
 * through, to the last stage. There the answer is told instead of the request being sent.
 * @module
 */

import type { Overload } from '../listen/overload.ts'
import { openExchange, type Serving, tellStory } from '../listen/tell-story.ts'
import type { Door } from '../request/door.ts'
import type { AskedBy } from '../request/exchange.ts'
import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import { type Answer, ProxyAnswer } from './answer.ts'
import { AskedExchange, type AskedRequest } from './asked-request.ts'
import { refusalOfUpgrade } from './asked-upgrade.ts'
import { type Rewriting, rewritingOf } from './rewriting.ts'

export interface DecisionDeskOptions {
  readonly inForce: () => Serving
  readonly overload: Overload
  readonly nextId: () => string
  /** How long a question may take. */
  readonly timeoutMs: number
}

/** Who asks, and what can be told there. */
export interface Asker extends AskedBy {
  /** Why what is to go up is more than this proxy can be told to send. */
  problemOf(rewriting: Rewriting): Refusal | undefined
}

export interface Question {
  /** Never rejects. */
  readonly answered: Promise<Answer>
  /** Nobody waits for the answer any more. */
  abandon(): void
}

/** Stands for a request of which nothing could be read. */
const unread = { method: '', target: '', rawHeaders: [], scheme: 'http' } as const

const tooLate = refuse('cannot_decide', 'the decision took too long', { retryAfterSeconds: 1 })

export class DecisionDesk {
  readonly #options: DecisionDeskOptions

  constructor(options: DecisionDeskOptions) {
    this.#options = options
  }

  /** A refusal stands for a question that could not be read; `peer` is whoever asked it. */
  ask(asked: AskedRequest | Refusal, asker: Asker, peer = ''): Question {
    const { inForce, overload, nextId, timeoutMs } = this.#options
    const serving = inForce()
    const response = new ProxyAnswer()
    const request = isRefusal(asked) ? { ...unread, peer } : asked
    const exchange = new AskedExchange(nextId(), request, response)
    exchange.notes.askedBy = { proxy: asker.proxy, door: asker.door }
    const fault = isRefusal(asked) ? asked : refusalOfUpgrade(asked, serving.plan)
    const question = {
      answered: response.answered,
      abandon: () => {
        response.destroy()
      },
    }
    if (!openExchange(exchange, fault, serving, overload)) return question

    const door: Door = {
      canServe: false,
      deliver: (granted, outgoing, _upstream, { filterHeaders, onRefused, inspect }) => {
        if (response.destroyed || response.headersSent) return
        const rewriting = rewritingOf(request, outgoing)
        const problem = asker.problemOf(rewriting)
        if (problem !== undefined) onRefused(problem)
        else {
          const route = exchange.notes.route ?? ''
          response.allow({ granted, rewriting, route, filterHeaders, inspect }, onRefused)
        }
      },
    }
    void tellStory(exchange, serving, door)
    if (!response.headersSent) {
      const timer = setTimeout(() => {
        if (response.headersSent) return
        exchange.notes.refusal = tooLate
        serving.plan.sendRefusal(exchange, tooLate)
      }, timeoutMs)
      void response.answered.then(() => clearTimeout(timer))
    }
    return question
  }
}
