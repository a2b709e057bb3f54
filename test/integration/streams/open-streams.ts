/**
 * Requests that go on and on, each over a connection of its own, and an upstream that answers them without end.
 * @module
 */

import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Scope } from '../../support/private-server.ts'
import { type RecordingUpstream, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

/** What every withdrawal promises, from the moment that it is on record. */
export const promisedMs = 1_000

export interface EndlessUpstream extends RecordingUpstream {
  /** The body that answers a target; destroyed when the gateway has let go of it. */
  bodyOf(target: string): Readable | undefined
}

/** `/events…` is answered with an event every 20 milliseconds, anything else with bytes as fast as they are taken. */
export async function endlessUpstream(t: Scope): Promise<EndlessUpstream> {
  const bodies = new Map<string, Readable>()
  const upstream = await recordingUpstream(
    t,
    ({ target }) => {
      const isEvents = target.startsWith('/events')
      const body = isEvents ? events() : bytes()
      bodies.set(target, body)
      const type = isEvents ? 'text/event-stream' : 'application/octet-stream'
      return { headers: [['Content-Type', type]], body }
    },
    { replyAtHead: true },
  )
  return Object.assign(upstream, { bodyOf: (target: string) => bodies.get(target) })
}

export interface OpenStream {
  readonly socket: Socket
  /** All that came, as latin-1, up to the first kilobyte. */
  readonly head: () => string
  readonly receivedBytes: () => number
  readonly isOpen: () => boolean
  /** When the connection ended, on the clock of `performance`. */
  readonly ended: Promise<number>
}

export interface StreamRequest {
  readonly method?: string
  /** No credential when it is not given. */
  readonly text?: string
  readonly lines?: readonly string[]
}

/** Sends the head of a request, and takes whatever comes. */
export function openStream(t: Scope, port: number, path: string, request: StreamRequest = {}): OpenStream {
  const { method = 'GET', text, lines = [] } = request
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let head = ''
  let receivedBytes = 0
  socket.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length
    if (head.length < 1024) head += chunk.toString('latin1', 0, 1024)
  })
  socket.on('error', () => {})
  const ended = Promise.withResolvers<number>()
  socket.on('close', () => ended.resolve(performance.now()))
  const credential = text === undefined ? [] : [`Authorization: Bearer ${text}`]
  const head0 = [`${method} ${path} HTTP/1.1`, 'Host: gate.example', ...credential, ...lines]
  socket.write(`${head0.join('\r\n')}\r\n\r\n`)
  return {
    socket,
    head: () => head,
    receivedBytes: () => receivedBytes,
    isOpen: () => !socket.destroyed,
    ended: ended.promise,
  }
}

/** Waits until a stream has brought more than it had, and throws when it does not. */
export async function goesOn(stream: OpenStream): Promise<void> {
  const before = stream.receivedBytes()
  await until(() => stream.receivedBytes() > before, 2_000)
}

/** An event every 20 milliseconds, without end. */
export function events(): Readable {
  const body = new Readable({ read() {} })
  const timer = setInterval(() => body.push('data: tick\n\n'), 20)
  body.on('close', () => clearInterval(timer))
  return body
}

function bytes(): Readable {
  const chunk = Buffer.alloc(16 * 1024, 'x')
  return new Readable({
    read() {
      // A pause, so that ten minutes of it are no load.
      setTimeout(() => this.push(chunk), 5)
    },
  })
}
