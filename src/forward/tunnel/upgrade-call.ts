/**
 * One request to switch protocols, on a connection of its own. The upstream either switches, and the connection is
 * handed over, or it answers as it would any request; then the connection is closed behind the answer.
 * @module
 */

import type { Socket } from 'node:net'
import type { TargetVisit } from '../balance/target-visit.ts'
import { HeadCollector } from '../http1/head-collector.ts'
import { Http1Error, type Http1ErrorCode, malformed } from '../http1/http1-error.ts'
import { requestHead } from '../http1/request-head.ts'
import type { Framing } from '../http1/response-framing.ts'
import { parseResponseHead, type ResponseHead } from '../http1/response-head.ts'
import { type ResponseListener, ResponseReader } from '../http1/response-reader.ts'
import type { ResponseReceiver, UpstreamCall, UpstreamRequest } from '../upstream-client.ts'
import type { Dial } from './dial.ts'
import { checkSwitch } from './switched-head.ts'

/** A request without a body, and the protocol that it asks for. */
export interface UpgradeOrder {
  readonly request: UpstreamRequest
  readonly protocol: string
  /** In milliseconds. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly bodyIdle: number }
  /** Hears what becomes of it; `undefined` where nobody judges the target. */
  readonly visit: TargetVisit | undefined
}

/** Takes over a connection whose upstream has switched. `rest` came behind the head. The socket has no listeners. */
export type OnSwitched = (head: ResponseHead, socket: Socket, rest: Buffer) => void

const interimAnswersMax = 16

/** The request, from the dialling on. `receiver` hears of every outcome but the switch. */
export class UpgradeCall implements UpstreamCall, ResponseListener {
  readonly #order: UpgradeOrder
  readonly #receiver: ResponseReceiver
  readonly #onSwitched: OnSwitched
  readonly #heads = new HeadCollector()
  readonly #socket: Socket
  /** Of an answer that is no switch. */
  #reader: ResponseReader | undefined
  #hasHead = false
  #interimAnswers = 0
  #timer: NodeJS.Timeout
  #isOver = false

  /** Throws an `Http1Error`, before anything is dialled, where the request would not be read as what it is. */
  constructor(order: UpgradeOrder, dial: Dial, receiver: ResponseReceiver, onSwitched: OnSwitched) {
    this.#order = order
    this.#receiver = receiver
    this.#onSwitched = onSwitched
    const { text } = requestHead({ ...order.request, upgradeTo: order.protocol })
    order.visit?.began()
    this.#timer = this.#deadline(order.timeouts.connect, 'HTTP1_CONNECT_TIMEOUT')
    this.#socket = dial(() => {
      this.#timer = this.#deadline(order.timeouts.headers, 'HTTP1_HEAD_TIMEOUT')
      this.#socket.write(text, 'latin1')
    })
    this.#socket.on('data', (bytes: Buffer) => this.#attempt(() => this.#onBytes(bytes)))
    this.#socket.on('end', () => this.#attempt(() => this.#onEnd()))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Http1Error('HTTP1_ENDED', 'the connection was closed')))
  }

  /** The connection, for whoever counts it. */
  get socket(): Socket {
    return this.#socket
  }

  pause(): void {
    clearTimeout(this.#timer)
    this.#socket.pause()
  }

  resume(): void {
    if (this.#isOver) return
    this.#timer = this.#deadline(this.#order.timeouts.bodyIdle, 'HTTP1_BODY_TIMEOUT')
    this.#socket.resume()
  }

  abort(): void {
    this.#finish()
    this.#socket.destroy()
  }

  onInterim(): void {
    // Behind a final head there are none.
  }

  onHead({ status, reason, headers }: ResponseHead, framing: Framing): void {
    this.#hasHead = true
    this.#order.visit?.answered(status)
    this.#timer = this.#deadline(this.#order.timeouts.bodyIdle, 'HTTP1_BODY_TIMEOUT')
    this.#receiver.onHead({ status, reason, headers, bodyBytes: framing.contentLength })
  }

  onPiece(piece: Buffer): void {
    this.#receiver.onData(piece)
  }

  #onBytes(bytes: Buffer): void {
    let at = 0
    while (this.#reader === undefined && !this.#isOver && at < bytes.length) at = this.#readHead(bytes, at)
    if (this.#isOver || this.#reader === undefined) return
    this.#timer.refresh()
    if (at < bytes.length) this.#reader.read(bytes.subarray(at))
    this.#endWithAnswer()
  }

  #readHead(bytes: Buffer, start: number): number {
    const end = this.#heads.take(bytes, start)
    if (end === -1) return bytes.length
    const head = parseResponseHead(this.#heads.text)
    if (head.status === 101) this.#switch(head, bytes.subarray(end))
    else if (head.status >= 200) this.#readAnswer()
    else if (++this.#interimAnswers > interimAnswersMax) throw malformed('interim answers without end')
    return end
  }

  #switch(head: ResponseHead, rest: Buffer): void {
    const { protocol, request } = this.#order
    checkSwitch(head, protocol, request.headers)
    this.#order.visit?.answered(head.status)
    this.#finish()
    this.#socket.removeAllListeners('data').removeAllListeners('end')
    this.#onSwitched(head, this.#socket, rest)
  }

  /** From its head on, it is read as every answer is. */
  #readAnswer(): void {
    this.#reader = new ResponseReader(this)
    this.#reader.begin(this.#order.request.method)
    this.#reader.read(Buffer.from(`${this.#heads.text}\r\n\r\n`, 'latin1'))
  }

  #onEnd(): void {
    if (this.#reader === undefined)
      throw new Http1Error('HTTP1_ENDED', 'the connection ended before the response')
    this.#reader.end()
    this.#endWithAnswer()
  }

  #endWithAnswer(): void {
    if (this.#isOver || this.#reader?.isOver !== true) return
    this.abort()
    this.#receiver.onEnd()
  }

  #attempt(read: () => void): void {
    if (this.#isOver) return
    try {
      read()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    if (!this.#hasHead) this.#order.visit?.failed(error)
    this.abort()
    this.#receiver.onFailure(error)
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  /** In place of the deadline before. */
  #deadline(ms: number, code: Http1ErrorCode): NodeJS.Timeout {
    clearTimeout(this.#timer)
    return setTimeout(() => this.#fail(new Http1Error(code, 'the upstream took too long')), ms)
  }
}
