/**
 * What another proxy is told. It takes the place of the response of an exchange, so that whatever answers a client can
 * answer here: all of it counts as a refusal but what `allow` was called for.
 * @module
 */

import { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Forwarding } from '../forward/forward.ts'
import type { GrantedRequest } from '../profiles/profile.ts'
import type { ClientResponse } from '../request/exchange.ts'
import type { Refusal } from '../request/refusal.ts'
import type { HeaderPairs } from '../rewrite/identity-headers.ts'
import type { Rewriting } from './rewriting.ts'

export interface Allowed {
  readonly kind: 'allowed'
  readonly granted: GrantedRequest
  readonly rewriting: Rewriting
  /** The name of the route. */
  readonly route: string
  /** The upstream's header lines (names and values in turn) as the client may see them. */
  readonly filterHeaders: Forwarding['filterHeaders']
  /** Looks at the head of the upstream's answer, where the proxy shows it. */
  readonly inspect: Forwarding['inspect']
  /** Takes the answer back for another, before the end of what is told. */
  refuse(refusal: Refusal): Refused
  /** To be called once: the proxy has been told all that it asks for. */
  close(): void
  /** Calls back when the token is no good any more before that. */
  onWithdrawn(listener: () => void): void
}

export interface Refused {
  readonly kind: 'refused'
  readonly status: number
  /** For the client. */
  readonly headers: HeaderPairs
  readonly body: string
}

export type Answer = Allowed | Refused

/** Nothing is answered to somebody who has left, or whose token went while it was looked at. */
const withdrawn: Refused = { kind: 'refused', status: 503, headers: ['cache-control', 'no-store'], body: '' }

export class ProxyAnswer extends EventEmitter implements ClientResponse {
  /** Resolves once, whatever becomes of the exchange. */
  readonly answered: Promise<Answer>
  statusCode = 200
  shouldKeepAlive = true
  headersSent = false
  destroyed = false
  writableEnded = false
  writableFinished = false
  readonly #resolve: (answer: Answer) => void
  #headers: HeaderPairs = []
  #body = ''
  #refused: Refused = withdrawn

  constructor() {
    super()
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.answered = promise
    this.#resolve = resolve
  }

  /** `onRefused` writes a refusal into this, as it does when it comes before. */
  allow(
    allowed: Omit<Allowed, 'kind' | 'refuse' | 'close' | 'onWithdrawn'>,
    onRefused: Forwarding['onRefused'],
  ): void {
    this.headersSent = true
    this.#resolve({
      ...allowed,
      kind: 'allowed',
      refuse: (refusal) => {
        this.headersSent = false
        onRefused(refusal)
        return this.#refused
      },
      close: () => this.#finish(),
      onWithdrawn: (listener) => {
        if (this.destroyed) listener()
        else this.once('withdrawn', listener)
      },
    })
  }

  writeHead(status: number, reason: string | OutgoingHttpHeaders | string[], headers?: string[]): this {
    this.statusCode = status
    this.headersSent = true
    const given = headers ?? (typeof reason === 'string' ? [] : reason)
    this.#headers = Array.isArray(given) ? given : pairsOf(given)
    return this
  }

  write(text: string | Buffer): boolean {
    this.#body += text.toString()
    return true
  }

  end(text?: string | Buffer): this {
    if (text !== undefined) this.write(text)
    this.#refused = { kind: 'refused', status: this.statusCode, headers: this.#headers, body: this.#body }
    this.#resolve(this.#refused)
    this.#finish()
    return this
  }

  writeContinue(): void {}

  /** Before its end it is withdrawn. */
  destroy(): this {
    if (this.destroyed) return this
    this.#resolve(withdrawn)
    this.destroyed = true
    this.emit('withdrawn')
    this.emit('close')
    return this
  }

  #finish(): void {
    if (this.destroyed) return
    this.writableEnded = true
    this.writableFinished = true
    this.destroyed = true
    this.emit('close')
  }
}

function pairsOf(headers: OutgoingHttpHeaders): HeaderPairs {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [name, String(one)]),
  )
}
