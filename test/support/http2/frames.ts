/**
 * Frames of HTTP/2 (RFC 9113 section 4), written and read byte by byte: nothing keeps a test from sending what no
 * client library would.
 * @module
 */

/** What begins a connection of a client. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flags = {
  none: 0,
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

export const errorCodes = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const

export interface Frame {
  /** One of `frameTypes`. */
  readonly type: number
  readonly flags: number
  /** 0 is the connection itself. */
  readonly streamId: number
  readonly payload: Buffer
}

/** Any frame at all. `length` is written instead of the payload's own. */
export function frame(
  type: number,
  frameFlags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
  length: number = payload.length,
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(frameFlags, 4)
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** A whole header block in one frame, and by default a whole request. */
export function headersFrame(
  streamId: number,
  block: Buffer,
  frameFlags: number = flags.endStream | flags.endHeaders,
): Buffer {
  return frame(frameTypes.headers, frameFlags, streamId, block)
}

export function dataFrame(streamId: number, bytes: Buffer | string, frameFlags: number = flags.none): Buffer {
  return frame(frameTypes.data, frameFlags, streamId, Buffer.from(bytes))
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length)
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * index)
    payload.writeUInt32BE(value, 6 * index + 2)
  }
  return frame(frameTypes.settings, flags.none, 0, payload)
}

export function resetFrame(streamId: number, code: number = errorCodes.cancel): Buffer {
  return frame(frameTypes.reset, flags.none, streamId, uint32(code))
}

export function windowFrame(streamId: number, increment: number): Buffer {
  return frame(frameTypes.windowUpdate, flags.none, streamId, uint32(increment))
}

export function pingFrame(opaque: string = 'sallypor', frameFlags: number = flags.none): Buffer {
  return frame(frameTypes.ping, frameFlags, 0, Buffer.from(opaque))
}

/** Of a frame that carries one number first: the code of a reset, the increment of a window. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames that these bytes complete. */
  take(bytes: Buffer): readonly Frame[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3)
      if (this.#rest.length < end) break
      frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        streamId: this.#rest.readUInt32BE(5) & 0x7fffffff,
        payload: this.#rest.subarray(9, end),
      })
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}
