/**
 * Bytes of a body are used again for another client only when they were written, and reads become smaller while
 * many clients hold what they were sent.
 * @module
 */

import t from 'tap'
import { bytesRead, bytesToReadInto, Pieces } from '../../../src/forward/pieces.ts'
import type { ClientResponse } from '../../../src/request/exchange.ts'

type OnWritten = (error?: Error | null) => void

/** Takes what is written and keeps it, until the test says what became of it. */
function slowClient() {
  const written: { bytes: Buffer; onWritten: OnWritten | undefined }[] = []
  const write = (bytes: Buffer, onWritten?: OnWritten) => {
    written.push({ bytes, onWritten })
    return false
  }
  return { pieces: new Pieces({ write } as unknown as ClientResponse), written }
}

function piece(length: number, byte: number): Buffer {
  return Buffer.alloc(length, byte)
}

t.test('what is read next does not change what a client is still to get', async (t) => {
  const { pieces, written } = slowClient()
  for (const length of [1, 8 * 1024, 64 * 1024, 256 * 1024, 300 * 1024]) {
    const bytes = piece(length, 7)
    pieces.write(bytes)
    bytes.fill(8)
    t.ok(written.at(-1)?.bytes.equals(piece(length, 7)), `${length} bytes`)
  }
  for (const { onWritten } of written) onWritten?.()
})

t.test('bytes are used again when they were written, and never when they were not', async (t) => {
  const { pieces, written } = slowClient()
  const write = (byte: number) => {
    pieces.write(piece(10_000, byte))
    const last = written.at(-1)
    if (last?.onWritten === undefined) throw new Error('nobody asked what became of it')
    return { buffer: last.bytes.buffer, onWritten: last.onWritten }
  }
  const first = write(1)
  const second = write(2)
  t.not(second.buffer, first.buffer, 'while the first waits')
  first.onWritten()
  t.equal(write(3).buffer, first.buffer, 'once it was written')
  second.onWritten(new Error('the client left'))
  const others = Array.from({ length: 100 }, () => write(4))
  t.notOk(
    others.some(({ buffer }) => buffer === second.buffer),
    'what broke off lies in a queue, perhaps',
  )
  for (const { onWritten } of others) onWritten()
})

t.test('while clients hold 64 MiB, less is read at a time, and no more is lent', async (t) => {
  const { pieces, written } = slowClient()
  t.equal(bytesToReadInto().length, 256 * 1024)
  while (bytesToReadInto().length === 256 * 1024 && written.length < 1000) pieces.write(piece(10_000, 1))
  t.ok(written.length <= 256)
  t.equal(bytesToReadInto().length, 64 * 1024)
  t.equal(bytesToReadInto().buffer, bytesRead(1).buffer)
  pieces.write(piece(10_000, 1))
  t.equal(written.at(-1)?.onWritten, undefined, 'a copy of its own')
  for (const { onWritten } of written) onWritten?.()
  t.equal(bytesToReadInto().length, 256 * 1024, 'when all was written')
})

t.test('what Node drops without a word is held no longer once its response has closed', async (t) => {
  for (let round = 0; round < 3; round++) {
    const { pieces, written } = slowClient()
    while (bytesToReadInto().length === 256 * 1024 && written.length < 1000) pieces.write(piece(10_000, 1))
    t.ok(written.length >= 200, 'nothing is left of the round before')
    const before = written.map(({ bytes }) => bytes.buffer)
    pieces.end()
    t.equal(bytesToReadInto().length, 256 * 1024)
    for (const { onWritten } of written) onWritten?.()
    pieces.write(piece(10_000, 2))
    t.equal(written.at(-1)?.onWritten, undefined, 'a closed response borrows nothing')
    const next = slowClient()
    next.pieces.write(piece(10_000, 3))
    t.notOk(before.includes(next.written[0]?.bytes.buffer as ArrayBuffer), 'its bytes are not used again')
    next.written[0]?.onWritten?.()
  }
})
