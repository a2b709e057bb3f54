/**
 * A worker's side of the channel to the primary: what it is told, and what it asks. When the primary has gone, Node
 * ends the worker at once.
 * @module
 */

import type { AskDesk } from '../limits/count-desk.ts'
import type { Asked, Checks, FromWorker, Place, Post, StartFailure, ToWorker } from './messages.ts'
import type { Told, WorkerSurroundings } from './surroundings.ts'

/** What a worker does when it is told to. */
export interface Orders {
  /** Starts the gateway; what it rejects with is told to the primary. */
  start(post: Post, surroundings: WorkerSurroundings): Promise<Place>
  reload(): void
  drain(): void
}

/** Tells the primary that this process is ready to be a worker, and follows its orders. */
export function takePost(orders: Orders): void {
  let told: Told | undefined
  const { askDesk, answered } = createAskDesk()
  process.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'start':
        start(message.post, orders, { askDesk, openAdmin })
        break
      case 'reload':
        orders.reload()
        break
      case 'drain':
        orders.drain()
        break
      case 'ask':
        tell(message.what, message.id, told)
        break
      case 'totals':
        answered(message.id, message.totals)
        break
      default:
        message satisfies never
    }
  })
  send({ kind: 'loaded' })

  function openAdmin({ address, port }: Place, parts: Told) {
    told = parts
    return { address, port, close: async () => {} }
  }
}

function start(
  post: Post,
  orders: Orders,
  {
    askDesk,
    openAdmin,
  }: {
    askDesk: AskDesk
    openAdmin: (place: Place, told: Told) => ReturnType<WorkerSurroundings['openAdmin']>
  },
): void {
  const { number, workers, admin } = post
  const surroundings: WorkerSurroundings = {
    number,
    workers,
    askDesk,
    openAdmin: (told) => openAdmin(admin, told),
    inForce: (settings) => send({ kind: 'in-force', settings }),
  }
  orders.start(post, surroundings).then(
    ({ address, port }) => send({ kind: 'open', data: { address, port } }),
    (error: unknown) => send({ kind: 'failed', failure: failureOf(error) }, () => process.exit(1)),
  )
}

/** Never rejects: what cannot be told is told as such. */
function tell(what: Asked, id: number, told: Told | undefined): void {
  const answer = told && answerTo(what, told)
  Promise.resolve<Awaited<typeof answer>>(answer).then(
    (answer) => send({ kind: 'answer', id, answer }),
    () => send({ kind: 'answer', id, answer: undefined }),
  )
}

function answerTo(what: Asked, { readiness, metrics, keySet }: Told): Promise<Checks | string> {
  switch (what) {
    case 'checks':
      return readiness(AbortSignal.timeout(1_000))
    case 'metrics':
      return metrics.expose()
    case 'keys':
      return keySet()
    default:
      return what satisfies never
  }
}

function createAskDesk(): {
  readonly askDesk: AskDesk
  answered(id: number, totals: readonly number[]): void
} {
  const waiting = new Map<number, (totals: readonly number[]) => void>()
  let asked = 0
  return {
    askDesk(question) {
      const { promise, resolve } = Promise.withResolvers<readonly number[]>()
      const id = ++asked
      waiting.set(id, resolve)
      send({ kind: 'count', id, question })
      return promise
    },
    answered(id, totals) {
      waiting.get(id)?.(totals)
      waiting.delete(id)
    },
  }
}

function failureOf(error: unknown): StartFailure {
  const { message, code, port } = (error ?? {}) as Partial<Record<keyof StartFailure, unknown>>
  return {
    message: String(message ?? error),
    code: typeof code === 'string' ? code : undefined,
    port: typeof port === 'number' ? port : undefined,
  }
}

/** A channel that is closed ends this process anyway. */
function send(message: FromWorker, sent: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, sent)
}
