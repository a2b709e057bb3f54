/**
 * Bodies that come too slowly. A pause between two bytes can be bounded and still be filled with one byte at a time for
 * as long as a request may take at all; a body that brings too little in a whole period is given up.
 * @module
 */

import type { Settings } from '../config/schema/settings.ts'
import type { Exchange } from '../request/exchange.ts'

/** What was seen of a body when it was last looked at. */
interface Look {
  /** What had come on its connection. */
  readonly bytesRead: number
  /** The client was being waited for, and not the upstream. */
  readonly isAwaited: boolean
}

/** Looks at the bodies under way, all at once; costs a request without a body nothing. */
export class BodyRates {
  readonly #bytesMin: number
  readonly #onSlow: (exchange: Exchange) => void
  readonly #looks = new Map<Exchange, Look>()
  readonly #timer: NodeJS.Timeout | undefined

  /** `onSlow` is told once of each body, after one period at the earliest and two at the latest. */
  constructor(
    { bytes, period: periodMs }: Settings['listen']['bodyRate'],
    onSlow: (exchange: Exchange) => void,
  ) {
    this.#bytesMin = bytes
    this.#onSlow = onSlow
    if (bytes > 0) this.#timer = setInterval(() => this.#sweep(), periodMs).unref()
  }

  /** From now on, until the body is complete or nobody will send it. */
  watch(exchange: Exchange): void {
    const { incoming } = exchange
    if (this.#timer === undefined || !announcesBody(incoming)) return
    this.#looks.set(exchange, { bytesRead: 0, isAwaited: false })
    incoming.once('close', () => this.#looks.delete(exchange))
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    for (const [exchange, before] of this.#looks) {
      const now = look(exchange)
      this.#looks.set(exchange, now)
      // In between, the upstream may have been waited for: then it was so for most of the period, and is likely still.
      if (!before.isAwaited || !now.isAwaited || now.bytesRead - before.bytesRead >= this.#bytesMin) continue
      this.#looks.delete(exchange)
      this.#onSlow(exchange)
    }
  }
}

/** HTTP/2 ends a request without a body with its head; HTTP/1.1 says so in its head. */
function announcesBody({ httpVersion, headers, complete }: Exchange['incoming']): boolean {
  if (httpVersion === '2.0') return !complete
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
  return length !== '0' || coding !== undefined
}

/** Bytes are those of the connection: a slow stream of HTTP/2 is found while no other is busy. */
function look({ incoming }: Exchange): Look {
  const isAwaited = !incoming.complete && incoming.readableFlowing === true && incoming.readableLength === 0
  return { bytesRead: incoming.socket.bytesRead, isAwaited }
}
