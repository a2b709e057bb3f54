/**
 * The connections to one upstream over TLS: undici's pool, behind the same port as our own client. Its
 * certificate is verified, and requests are never pipelined. It sends no expectations: a body that waits to be
 * asked for is wanted as soon as there is a connection for it.
 * @module
 */

import { isIP } from 'node:net'
import { type Dispatcher, errors, Pool } from 'undici'
import type { UpstreamSettings } from '../../config/schema/settings.ts'
import { lookupSpread, nameTrustMs } from '../spread-lookup.ts'
import { tlsOptions } from '../tls-options.ts'
import type {
  CallProgress,
  InterimHead,
  ResponseReceiver,
  UpstreamCall,
  UpstreamClient,
  UpstreamRequest,
} from '../upstream-client.ts'
import { bodyStream } from './body-stream.ts'

const interimAnswersMax = 16

/** The client of one upstream. It connects when the first request needs it. */
export class UndiciClient implements UpstreamClient {
  readonly #pool: Pool
  readonly #waitMsMax: number

  constructor({
    url,
    connections,
    timeouts,
    tls,
  }: Pick<UpstreamSettings, 'connections' | 'timeouts' | 'tls'> & { readonly url: string }) {
    const { origin, protocol, hostname } = new URL(url)
    const isName = isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0
    this.#waitMsMax = timeouts.headers
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      connectTimeout: timeouts.connect,
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.bodyIdle,
      keepAliveTimeout: timeouts.keepAlive,
      maxHeaderSize: 64 * 1024,
      ...(isName ? { clientTtl: nameTrustMs } : {}),
      connect: {
        lookup: lookupSpread,
        ...(protocol === 'https:' ? { ...tlsOptions(tls), allowH2: false } : {}),
      },
    })
  }

  send(request: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall {
    const { method, target, headers, body, timeouts } = request
    const call = new UndiciCall(request, receiver)
    const hasRoom = this.#pool.dispatch(
      {
        method: method as Dispatcher.HttpMethod,
        path: target,
        headers: headers as string[],
        body: body === undefined ? null : bodyStream(body),
        ...(timeouts && { headersTimeout: timeouts.headers, bodyTimeout: timeouts.bodyIdle }),
      },
      call,
    )
    if (!hasRoom) call.waitAtMost(this.#waitMsMax)
    return call
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

/** Passes on what undici says of one request. */
class UndiciCall implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #receiver: ResponseReceiver
  readonly #hasBody: boolean
  #controller: Dispatcher.DispatchController | undefined
  readonly #expectsContinue: boolean
  #interimAnswers = 0
  #isAborted = false
  #waiting: NodeJS.Timeout | undefined

  constructor({ body, expectsContinue }: UpstreamRequest, receiver: ResponseReceiver) {
    this.#receiver = receiver
    this.#hasBody = body !== undefined
    this.#expectsContinue = expectsContinue
  }

  /** A body is used up whenever the request fails, and of what was sent nobody knows whether an answer began. */
  get progress(): CallProgress | undefined {
    return this.#controller === undefined && !this.#hasBody ? 'unsent' : undefined
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  /** Fail if it still waits for a connection by then; undici's own deadlines begin when it is sent. */
  waitAtMost(ms: number): void {
    if (this.#controller !== undefined || this.#isAborted) return
    this.#waiting = setTimeout(() => {
      this.#isAborted = true
      this.#receiver.onFailure(new errors.HeadersTimeoutError('no connection became free in time'))
    }, ms)
  }

  abort(): void {
    this.#isAborted = true
    clearTimeout(this.#waiting)
    this.#controller?.abort(givenUp())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    clearTimeout(this.#waiting)
    if (this.#isAborted) controller.abort(givenUp())
    else if (this.#expectsContinue) this.#receiver.onBodyWanted()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    reason = '',
  ): void {
    if (this.#isAborted) return
    if (status < 200) {
      this.#onInterim({ status, headers: linesOf(controller.rawHeaders) })
      return
    }
    const { 'content-length': length } = headers
    const bodyBytes = typeof length === 'string' ? Number(length) : undefined
    const lines = linesOf(controller.rawHeaders)
    this.#receiver.onHead({ status, reason: bytesOf(reason), headers: lines, bodyBytes })
  }

  /** Undici bounds each one by the size of a head, but not how many there are. */
  #onInterim(head: InterimHead): void {
    this.#interimAnswers++
    if (this.#interimAnswers > interimAnswersMax) {
      this.abort()
      this.#receiver.onFailure(new Error('interim answers without end'))
    } else {
      this.#receiver.onInterim(head)
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#isAborted) this.#receiver.onData(bytes)
  }

  onResponseEnd(): void {
    if (!this.#isAborted) this.#receiver.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#waiting)
    if (!this.#isAborted) this.#receiver.onFailure(error)
  }
}

function givenUp(): Error {
  return new Error('the request was given up')
}

/** The reason phrase as latin-1 text. Undici has read it as UTF-8: one that it could not read is left out. */
function bytesOf(reason: string): string {
  return reason.includes('\ufffd') ? '' : Buffer.from(reason, 'utf8').toString('latin1')
}

/** Header lines as latin-1 text: one character for each byte, so that no byte is lost on the way. */
function linesOf(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')))
}
