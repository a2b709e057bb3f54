/**
 * The connections to one upstream over TLS: undici's pool, behind the same port as our own client. Its
 * certificate is verified, and requests are never pipelined.
 * @module
 */

import { isIP } from 'node:net'
import { type Dispatcher, errors, Pool } from 'undici'
import type { UpstreamSettings } from '../../config/schema/settings.ts'
import { lookupSpread, nameTrustMs } from '../spread-lookup.ts'
import type {
  CallProgress,
  ResponseReceiver,
  UpstreamCall,
  UpstreamClient,
  UpstreamRequest,
} from '../upstream-client.ts'
import { bodyStream } from './body-stream.ts'

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
      connect: { lookup: lookupSpread, ...(protocol === 'https:' ? tlsOptions(tls) : {}) },
    })
  }

  send({ method, target, headers, body }: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall {
    const call = new UndiciCall(receiver, body !== undefined)
    const hasRoom = this.#pool.dispatch(
      {
        method: method as Dispatcher.HttpMethod,
        path: target,
        headers: headers as string[],
        body: body === undefined ? null : bodyStream(body),
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
  #isAborted = false
  #waiting: NodeJS.Timeout | undefined

  constructor(receiver: ResponseReceiver, hasBody: boolean) {
    this.#receiver = receiver
    this.#hasBody = hasBody
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
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    reason = '',
  ): void {
    // Interim answers are not passed on; the final one follows.
    if (status < 200 || this.#isAborted) return
    const { 'content-length': length } = headers
    const bodyBytes = typeof length === 'string' ? Number(length) : undefined
    this.#receiver.onHead({ status, reason, headers: linesOf(controller.rawHeaders), bodyBytes })
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

/** Header lines as latin-1 text: one character for each byte, so that no byte is lost on the way. */
function linesOf(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')))
}

function tlsOptions(tls: UpstreamSettings['tls']) {
  return {
    rejectUnauthorized: tls.verify,
    allowH2: false,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate, key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}
