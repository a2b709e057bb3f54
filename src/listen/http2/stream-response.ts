/**
 * The response on one HTTP/2 stream. What was broken off is reset, never ended; a client that takes nothing of what is
 * written for it loses its stream, and no other one has to wait for that.
 * @module
 */

import { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { ClientResponse } from '../../request/exchange.ts'
import { breakOff, type StreamRequest } from './stream-request.ts'

/** Have a meaning to one connection of HTTP/1.1 alone (RFC 9113 section 8.2.2). */
const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Statuses whose responses have no body, and no word on its length. */
const withoutLength: ReadonlySet<number> = new Set([204, 205])

const statusMax = 599

/** As far as the gateway uses Node's `ServerResponse`. */
export class StreamResponse extends EventEmitter implements ClientResponse {
  readonly #stream: ServerHttp2Stream
  readonly #request: StreamRequest
  readonly #idleMs: number
  statusCode = 200
  shouldKeepAlive = true
  headersSent = false
  writableEnded = false
  #isDestroyed = false
  #isFinished = false
  /** HEAD, and statuses without a body. */
  #isBodiless = false
  #stalled: NodeJS.Timeout | undefined

  /** `idleMs`: how long the client may take nothing of what waits for it. */
  constructor(stream: ServerHttp2Stream, request: StreamRequest, idleMs: number) {
    super()
    this.#stream = stream
    this.#request = request
    this.#idleMs = idleMs
    stream.on('drain', () => {
      this.#calm()
      this.emit('drain')
    })
    stream.once('finish', () => {
      if (this.writableEnded && stream.rstCode === 0) this.#finish()
    })
    // Its close follows, and everybody hears of that.
    stream.on('error', () => {})
    stream.once('close', () => {
      this.#calm()
      // A stream that both sides have ended closes before it says that it has finished.
      if (this.writableEnded && stream.rstCode === 0) this.#isFinished = true
      this.#isDestroyed = true
      this.emit('close')
    })
  }

  get destroyed(): boolean {
    return this.#isDestroyed || this.#stream.destroyed
  }

  /** All of the response was handed to the connection. */
  get writableFinished(): boolean {
    return this.#isFinished
  }

  writeContinue(): void {
    this.writeInformation(100, [])
  }

  writeInformation(status: number, headers: readonly string[]): void {
    if (this.headersSent || this.#isGone()) return
    const fields: Record<string, string | string[]> = { ':status': String(status) }
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index]?.toLowerCase() ?? ''
      const value = headers[index + 1] ?? ''
      if (connectionHeaders.has(name)) continue
      const before = fields[name]
      fields[name] = before === undefined ? value : [before, value].flat()
    }
    this.#stream.additionalHeaders(fields)
  }

  /** A reason has no place in HTTP/2. */
  writeHead(status: number, reason: string | OutgoingHttpHeaders | string[], headers?: string[]): this {
    if (this.headersSent || this.#isGone()) return this
    // Beyond it Node sends none: to a client it would be a failure of the upstream (RFC 9110 section 15).
    const isKnown = status <= statusMax
    this.statusCode = isKnown ? status : 502
    this.headersSent = true
    const isHead = this.#request.method === 'HEAD'
    this.#isBodiless = isHead || !isKnown || status === 304 || withoutLength.has(status)
    const given = headers ?? (typeof reason === 'string' ? [] : reason)
    const lines = linesOf(this.statusCode, isKnown ? given : [])
    this.#stream.respond(lines, { endStream: this.#isBodiless })
    return this
  }

  write(text: string, encoding: BufferEncoding): boolean
  write(bytes: Buffer, onWritten?: (error?: Error | null) => void): boolean
  write(bytes: Buffer | string, how?: BufferEncoding | ((error?: Error | null) => void)): boolean {
    const onWritten = typeof how === 'function' ? how : undefined
    if (this.#isBodiless || bytes.length === 0 || this.#isGone()) {
      if (onWritten !== undefined) process.nextTick(onWritten)
      return true
    }
    const hasRoom =
      typeof bytes === 'string' ? this.#stream.write(bytes, 'latin1') : this.#stream.write(bytes, onWritten)
    if (!hasRoom) this.#watch()
    return hasRoom
  }

  end(bytes?: Buffer | string, encoding: BufferEncoding = 'utf8'): this {
    if (this.writableEnded) return this
    this.writableEnded = true
    if (this.#isGone()) return this
    if (this.#isBodiless) {
      this.#finish()
      return this
    }
    if (bytes === undefined) this.#stream.end()
    else this.#stream.end(bytes, encoding)
    this.#watch()
    return this
  }

  /** Unless it has ended, the client learns that it never will. */
  destroy(): this {
    if (this.destroyed) return this
    this.#isDestroyed = true
    breakOff(this.#stream)
    return this
  }

  #isGone(): boolean {
    return this.#isDestroyed || this.#stream.destroyed || this.#stream.closed
  }

  #finish(): void {
    this.#isFinished = true
    this.#calm()
    // The client need not send what is left of its body, once its answer has gone: a reset overtakes a head that waits.
    if (!this.#request.complete) setImmediate(() => this.#request.destroy())
  }

  /** From when something waits for the client. */
  #watch(): void {
    if (this.#isFinished || this.#stalled !== undefined) return
    const waiting = this.#stream.bufferSize
    this.#stalled = setTimeout(() => {
      this.#stalled = undefined
      if (this.#stream.bufferSize < waiting) this.#watch()
      else this.destroy()
    }, this.#idleMs).unref()
  }

  #calm(): void {
    clearTimeout(this.#stalled)
    this.#stalled = undefined
  }
}

/** Names and values in turn, with the status. */
function linesOf(status: number, headers: OutgoingHttpHeaders | string[]): string[] {
  const given = Array.isArray(headers)
    ? headers
    : Object.entries(headers).flatMap(([name, value]) =>
        [value ?? []].flat().flatMap((one) => [name, String(one)]),
      )
  const lines = [':status', String(status)]
  for (let index = 0; index < given.length; index += 2) {
    const name = given[index]?.toLowerCase() ?? ''
    if (connectionHeaders.has(name) || (name === 'content-length' && withoutLength.has(status))) continue
    lines.push(name, given[index + 1] ?? '')
  }
  return lines
}
