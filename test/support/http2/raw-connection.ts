/**
 * A client of HTTP/2 over TLS that sends what a test says and nothing else: no window is opened, no ping answered, no
 * frame mended. What the server sends is kept, frame by frame.
 * @module
 */

import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { authority } from '../http2-client.ts'
import type { Scope } from '../private-server.ts'
import type { HeaderLine } from '../recording-upstream.ts'
import {
  type Frame,
  FrameReader,
  flags,
  frame,
  frameTypes,
  preface,
  settingIds,
  settingsFrame,
} from './frames.ts'
import { readHeaderBlock } from './hpack.ts'

export interface Http2Answer {
  /** Of the final answer; 0 when the stream ended without one. */
  readonly status: number
  readonly headers: readonly HeaderLine[]
  /** All values of a header. */
  header(name: string): readonly string[]
  readonly body: Buffer
  /** The server said that it is complete. */
  readonly isComplete: boolean
  /** The code of the server's RST_STREAM, behind or instead of an answer. */
  readonly reset: number | undefined
  /** The code of the server's GOAWAY, where the whole connection ended first. */
  readonly goAway: number | undefined
}

export interface ConnectOptions {
  /** Of SETTINGS; the header table's size is 0 unless given. */
  readonly settings?: readonly (readonly [id: number, value: number])[]
  /** Do not say that the server's SETTINGS were read. */
  readonly isSilent?: boolean
}

const deadlineMs = 10_000

/** Connects to 127.0.0.1, agrees on `h2`, and sends the preface. Destroyed when the test is over. */
export async function connectHttp2(
  t: Scope,
  port: number,
  { settings = [], isSilent = false }: ConnectOptions = {},
): Promise<RawConnection> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'service.test',
    ca: authority,
    ALPNProtocols: ['h2'],
  })
  socket.setNoDelay(true)
  t.teardown(() => socket.destroy())
  const connection = new RawConnection(socket)
  await once(socket, 'secureConnect')
  if (socket.alpnProtocol !== 'h2')
    throw new Error(`the server chose ${socket.alpnProtocol || 'no protocol'}`)
  connection.send(preface, settingsFrame([[settingIds.headerTableSize, 0], ...settings]))
  await connection.until(({ type }) => type === frameTypes.settings)
  if (!isSilent) connection.send(frame(frameTypes.settings, flags.ack, 0))
  return connection
}

export class RawConnection {
  readonly frames: Frame[] = []
  readonly #socket: TLSSocket
  #isOver = false
  #wake = Promise.withResolvers<void>()

  constructor(socket: TLSSocket) {
    this.#socket = socket
    const reader = new FrameReader()
    socket.on('data', (bytes: Buffer) => {
      this.frames.push(...reader.take(bytes))
      this.#stir()
    })
    // A server that ends a connection while it is written to resets it; what it said before is in the frames.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isOver = true
      this.#stir()
    })
  }

  /** The server closed the connection. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Frames, or bytes that are none, at once. Nothing on a connection that is over. */
  send(...bytes: readonly Buffer[]): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat(bytes))
  }

  /** As `send`, and waits until they have left, or until the connection is over. */
  async flush(...bytes: readonly Buffer[]): Promise<void> {
    this.send(...bytes)
    await this.#when(() => this.#socket.writableLength === 0 || this.#isOver, 'bytes to leave')
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.destroy()
  }

  /** The first frame, of those that came and those to come, that is the one; rejects when there will be none. */
  async until(isIt: (frame: Frame) => boolean): Promise<Frame> {
    let found: Frame | undefined
    await this.#when(() => {
      found = this.frames.find(isIt)
      return found !== undefined || this.#isOver
    }, 'a frame')
    if (found === undefined) throw new Error(`the connection ended: ${this.#shown()}`)
    return found
  }

  /** Resolves when the server has closed the connection, with the code of its GOAWAY. */
  async over(): Promise<number | undefined> {
    await this.#when(() => this.#isOver, 'the end of the connection')
    return this.goAway()
  }

  /** The code of the last GOAWAY so far. */
  goAway(): number | undefined {
    return this.frames.findLast(({ type }) => type === frameTypes.goAway)?.payload.readUInt32BE(4)
  }

  /** How many frames of a type came so far. */
  count(type: number): number {
    return this.frames.filter((frame) => frame.type === type).length
  }

  /** What came on a stream once it or the connection is over. */
  async answer(streamId: number): Promise<Http2Answer> {
    const isLast = (frame: Frame) => frame.type === frameTypes.reset || isEnd(frame)
    await this.#when(() => this.#isOver || this.#of(streamId).some(isLast), `an answer on stream ${streamId}`)
    return this.answerSoFar(streamId)
  }

  /** Of a stream that may go on. */
  answerSoFar(streamId: number): Http2Answer {
    const frames = this.#of(streamId)
    const payloads = (...types: readonly number[]) =>
      frames.filter(({ type }) => types.includes(type)).map(({ payload }) => payload)
    const all = readHeaderBlock(Buffer.concat(payloads(frameTypes.headers, frameTypes.continuation)))
    // Interim answers come before it, each with a head of its own.
    const lines = all.slice(
      Math.max(
        0,
        all.findLastIndex(([name]) => name === ':status'),
      ),
    )
    const header = (name: string) => lines.filter(([given]) => given === name).map(([, value]) => value)
    return {
      status: Number(header(':status')[0] ?? 0),
      headers: lines.filter(([name]) => !name.startsWith(':')),
      header,
      body: Buffer.concat(payloads(frameTypes.data)),
      isComplete: frames.some(isEnd),
      reset: payloads(frameTypes.reset)[0]?.readUInt32BE(0),
      goAway: this.goAway(),
    }
  }

  #of(streamId: number): readonly Frame[] {
    return this.frames.filter((frame) => frame.streamId === streamId)
  }

  #stir(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  /** Looks whenever something came, and now and then. */
  async #when(isTrue: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + deadlineMs
    while (!isTrue()) {
      if (performance.now() > deadline) throw new Error(`waited for ${what} in vain: ${this.#shown()}`)
      const tick = Promise.withResolvers<void>()
      const timer = setTimeout(tick.resolve, 20)
      await Promise.race([this.#wake.promise, tick.promise])
      clearTimeout(timer)
    }
  }

  #shown(): string {
    const shown = this.frames
      .slice(-8)
      .map(({ type, streamId, flags: set }) => `${type}/${set} of ${streamId}`)
    return `${shown.join(', ') || 'no frames'}${this.#isOver ? ', closed' : ''}`
  }
}

function isEnd({ type, flags: set }: Frame): boolean {
  return (type === frameTypes.data || type === frameTypes.headers) && (set & flags.endStream) > 0
}
