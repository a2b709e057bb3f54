/**
 * An HTTP/2 upstream whose every frame the test decides, for what no server would send.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Scope } from '../../support/private-server.ts'

const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const
const endStream = 0x1
const endHeaders = 0x4
const prefaceBytes = 24
const headBytes = 9

/** The frame of one stream, or of the connection with stream 0. */
export function frame(
  type: keyof typeof types,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = types[type]
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Fields as literals, in the order given, names as they are written; each shorter than 127 bytes. */
export function headers(stream: number, fields: readonly (readonly [string, string])[], isEnd = false) {
  const block = fields.map(([name, value]) =>
    Buffer.from(
      `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
      'latin1',
    ),
  )
  return frame('headers', endHeaders | (isEnd ? endStream : 0), stream, Buffer.concat(block))
}

export function data(stream: number, text: string, isEnd = false) {
  return frame('data', isEnd ? endStream : 0, stream, Buffer.from(text, 'latin1'))
}

export function reset(stream: number, code: number) {
  return frame('reset', 0, stream, uint32(code))
}

export function goaway(lastStream: number, code = 0) {
  return frame('goaway', 0, 0, Buffer.concat([uint32(lastStream), uint32(code)]))
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly stream: number
}

class FrameReader {
  #bytes: Buffer = Buffer.alloc(0)
  #isBegun = false

  read(more: Buffer): readonly FrameHead[] {
    const heads: FrameHead[] = []
    this.#bytes = Buffer.concat([this.#bytes, more])
    if (!this.#isBegun && this.#bytes.length >= prefaceBytes) {
      this.#isBegun = true
      this.#bytes = this.#bytes.subarray(prefaceBytes)
    }
    while (this.#isBegun && this.#bytes.length >= headBytes) {
      const end = headBytes + this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.length < end) break
      const [type = 0, flags = 0] = this.#bytes.subarray(3, 5)
      const stream = this.#bytes.readUInt32BE(5)
      this.#bytes = this.#bytes.subarray(end)
      heads.push({ type, flags, stream })
    }
    return heads
  }
}

export interface FrameUpstream {
  readonly port: number
  readonly sockets: readonly Socket[]
  /** Streams whose request has come, in their order. */
  readonly streams: readonly number[]
  /** Type, flags and stream of all frames that came. */
  readonly frames: readonly FrameHead[]
}

/** `onRequest` gets the id of a stream and the socket. `settings` is the payload of the first frame. */
export async function startFrameUpstream(
  t: Scope,
  onRequest: (stream: number, socket: Socket) => void,
  settings: Buffer = Buffer.alloc(0),
): Promise<FrameUpstream> {
  const streams: number[] = []
  const frames: FrameHead[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(frame('settings', 0, 0, settings))
    const reader = new FrameReader()
    socket.on('data', (bytes: Buffer) => {
      for (const head of reader.read(bytes)) {
        frames.push(head)
        if (head.type === types.settings && head.flags === 0) socket.write(frame('settings', 1, 0))
        if (head.type !== types.headers) continue
        streams.push(head.stream)
        onRequest(head.stream, socket)
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets, streams, frames }
}
