/**
 * The HTTP/2 connections of clients: each is watched for idleness, told to go when the gateway drains, and closed when
 * its last stream has ended.
 * @module
 */

import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Settings } from '../../config/schema/settings.ts'
import { sessionOptions, sessionWindowBytes } from './session-options.ts'

/** Takes a stream whose head has come. `raw` has names and values in turn, pseudo-headers included. */
export type TakeStream = (stream: ServerHttp2Stream, raw: readonly string[], socket: TLSSocket) => void

/** How long a client has to close a connection that was closed towards it. */
const lingerMs = 5_000

/** How long a client may go on opening streams once it was told that the connection ends: a round trip. */
const noticeMs = 1_000

/** No stream has a higher number: a connection that says it processed up to it still takes all (RFC 9113 section 6.8). */
const lastStream = 2 ** 31 - 1

interface OpenSession {
  readonly session: ServerHttp2Session
  readonly socket: TLSSocket
  streams: number
  timer: NodeJS.Timeout | undefined
}

export class Http2Sessions {
  readonly #timeouts: Settings['listen']['timeouts']
  readonly #options: ReturnType<typeof sessionOptions>
  readonly #take: TakeStream
  readonly #open = new Set<OpenSession>()
  #isLeaving = false

  constructor(settings: Settings['listen'], take: TakeStream) {
    this.#timeouts = settings.timeouts
    this.#options = sessionOptions(settings)
    this.#take = take
  }

  /** Speak HTTP/2 on a connection whose handshake is done. */
  open(socket: TLSSocket): void {
    const session = performServerHandshake(socket, this.#options)
    const open: OpenSession = { session, socket, streams: 0, timer: undefined }
    this.#open.add(open)
    session.setLocalWindowSize(sessionWindowBytes)
    session.setTimeout(this.#timeouts.idle, () => breakOff(session))
    // Its close follows; what the client did wrong it was told.
    session.on('error', () => {})
    session.once('close', () => {
      clearTimeout(open.timer)
      this.#open.delete(open)
      socket.destroy()
    })
    session.on('stream', (stream, _headers, _flags, raw) => this.#began(open, stream, raw))
    this.#awaitStream(open, this.#isLeaving ? noticeMs : this.#timeouts.headers)
  }

  /**
   * Tells every client to open no more streams here, and closes each connection when its streams have ended. A busy one
   * takes more for a moment; an idle one is told its last stream at once, so that a request that crosses the message is
   * sent again: Node reads no more of an idle connection that was told to go.
   */
  leave(): void {
    this.#isLeaving = true
    for (const open of this.#open) {
      if (open.session.closed || open.session.destroyed) continue
      if (open.streams === 0) {
        this.#close(open)
        continue
      }
      open.session.goaway(constants.NGHTTP2_NO_ERROR, lastStream)
      setTimeout(() => this.#close(open), noticeMs).unref()
    }
  }

  /** Breaks off what is under way. */
  closeAll(): void {
    for (const { session } of this.#open) breakOff(session)
  }

  #began(open: OpenSession, stream: ServerHttp2Stream, raw: readonly string[]): void {
    // The client took it back before anybody saw it.
    if (stream.destroyed) return
    open.streams++
    clearTimeout(open.timer)
    stream.once('close', () => {
      open.streams--
      if (open.streams > 0) return
      if (this.#isLeaving) this.#close(open)
      this.#awaitStream(open, this.#timeouts.keepAlive)
    })
    this.#take(stream, raw, open.socket)
    if (this.#isLeaving) this.#close(open)
  }

  /** Without a stream the connection ends after a while; one that was closed ends whether the client agrees or not. */
  #awaitStream(open: OpenSession, waitMs: number): void {
    if (!this.#open.has(open)) return
    clearTimeout(open.timer)
    open.timer = open.session.closed
      ? setTimeout(() => open.socket.destroy(), lingerMs).unref()
      : setTimeout(() => this.#close(open), waitMs).unref()
  }

  /** Streams under way finish. */
  #close(open: OpenSession): void {
    if (open.session.closed || open.session.destroyed) return
    open.session.close()
    if (open.streams === 0) this.#awaitStream(open, lingerMs)
  }
}

/** Resets what is under way. Without an error, Node would end it. */
function breakOff(session: ServerHttp2Session): void {
  session.destroy(new Error('the connection was broken off'), constants.NGHTTP2_CANCEL)
}
