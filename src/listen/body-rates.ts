/**
 * Bodies that come too slowly. A pause between two bytes can be bounded and still be filled with one byte at a time for
 * as long as a request may take at all; a body that brings too little in a whole period is given up.
 * @module
 */

import type { Settings } from '../config/schema/settings.ts'
import { Bag, type Placed } from '../lib/bag.ts'
import type { Exchange } from '../request/exchange.ts'

/** A body under way, and what was seen of it when it was last looked at. */
interface Watched extends Placed {
  readonly exchange: Exchange
  /** What had come on its connection: a slow stream of HTTP/2 is found while no other is busy. */
  bytesRead: number
  /** The client was being waited for, and not the upstream. */
  isAwaited: boolean
}

/** Looks at the bodies under way, all at once; costs a request without a body nothing. */
export class BodyRates {
  readonly #bytesMin: number
  readonly #onSlow: (exchange: Exchange) => void
  readonly #bodies = new Bag<Watched>()
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
    const body = { exchange, bytesRead: 0, isAwaited: false, place: -1 }
    this.#bodies.add(body)
    incoming.once('close', () => this.#bodies.delete(body))
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    for (const body of this.#bodies.all()) {
      const { exchange, bytesRead: bytesBefore, isAwaited: wasAwaited } = body
      const { incoming } = exchange
      body.bytesRead = incoming.socket.bytesRead
      body.isAwaited = isAwaited(incoming)
      // In between, the upstream may have been waited for: then it was so for most of the period, and is likely still.
      if (!wasAwaited || !body.isAwaited || body.bytesRead - bytesBefore >= this.#bytesMin) continue
      this.#bodies.delete(body)
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

function isAwaited({ complete, readableFlowing, readableLength }: Exchange['incoming']): boolean {
  return !complete && readableFlowing === true && readableLength === 0
}
