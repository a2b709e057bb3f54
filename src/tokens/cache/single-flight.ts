/**
 * One question at a time for each key: whoever asks while an answer is on its way waits for that answer, unless the
 * question is too old for it.
 * @module
 */

interface Flight<T> {
  readonly startedAt: number
  readonly answer: Promise<T>
}

/** Shares the outcome of a task, failure included, among the callers that join it. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>()
  readonly #joinableMs: number
  readonly #monotonic: () => number

  /** A task is joined only within `joinableMs` of its start: nobody is given news that are older. */
  constructor(joinableMs: number, monotonic: () => number) {
    this.#joinableMs = joinableMs
    this.#monotonic = monotonic
  }

  /** Joins the task under way for `key`, or begins `task`. */
  run(key: string, task: () => Promise<T>): Promise<T> {
    const startedAt = this.#monotonic()
    const underWay = this.#flights.get(key)
    if (underWay !== undefined && startedAt - underWay.startedAt < this.#joinableMs) return underWay.answer
    const flight = {
      startedAt,
      answer: task().finally(() => {
        // The key may belong to a later flight by now.
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
      }),
    }
    this.#flights.set(key, flight)
    return flight.answer
  }
}
