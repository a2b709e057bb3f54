/**
 * A client that sends the requests of one generated connection, and keeps the responses byte for byte.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { GeneratedConnection } from './exchange.ts'
import { isBodiless, requestBytes, writeCut } from './message-bytes.ts'
import { type ReadMessage, readMessage } from './message-reader.ts'

export interface ReadResponse {
  readonly interim: readonly ReadMessage[]
  readonly final: ReadMessage
}

export interface ClientInput {
  readonly port: number
  readonly credential: string
  /** Of the first exchange; the others follow. */
  readonly number: number
}

/** No exchange takes longer, on a machine however busy. */
const deadlineMs = 5_000

/** Resolves with the responses in their order, when the connection has ended where that was said. */
export async function playConnection(
  { exchanges, isPipelined, cutting }: GeneratedConnection,
  { port, credential, number }: ClientInput,
): Promise<readonly ReadResponse[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const responses: ReadResponse[] = []
  let interim: ReadMessage[] = []
  let bytes = Buffer.alloc(0)
  let isEnded = false
  let wake = Promise.withResolvers<void>()
  const read = () => {
    for (;;) {
      const exchange = exchanges[responses.length]
      if (exchange === undefined) break
      const { method, minorVersion } = exchange.request
      const statusOf = (start: string) => Number(start.split(' ')[1])
      const message = readMessage(bytes, {
        isBodiless: (start) => statusOf(start) < 200 || isBodiless(method, statusOf(start)),
        isUntilClose: minorVersion === 0,
        isEnded,
      })
      if (message?.isWhole !== true) break
      bytes = bytes.subarray(message.bytes)
      if (statusOf(message.start) < 200) interim.push(message)
      else {
        responses.push({ interim, final: message })
        interim = []
      }
    }
    wake.resolve()
    wake = Promise.withResolvers()
  }
  socket.on('error', () => {})
  socket.on('data', (more: Buffer) => {
    bytes = Buffer.concat([bytes, more])
    read()
  })
  socket.on('close', () => {
    isEnded = true
    read()
  })
  const expired = AbortSignal.timeout(deadlineMs)
  const responded = async (count: number) => {
    while (responses.length < count) {
      if (isEnded || expired.aborted) {
        throw new Error(
          `${isEnded ? 'closed' : 'nothing more'} behind ${responses.length} responses: ${bytes.toString('latin1', 0, 300)}`,
        )
      }
      await Promise.race([wake.promise, once(expired, 'abort').catch(() => {})])
    }
  }

  try {
    await once(socket, 'connect')
    const messages = exchanges.map(({ request }, index) => requestBytes(request, number + index, credential))
    if (isPipelined) {
      await Promise.all([writeCut(socket, Buffer.concat(messages), cutting), responded(messages.length)])
    } else {
      for (const [index, message] of messages.entries()) {
        await Promise.all([writeCut(socket, message, cutting), responded(index + 1)])
      }
    }
    if (bytes.length > 0) throw new Error(`behind the last response: ${bytes.toString('latin1', 0, 300)}`)
    return responses
  } finally {
    socket.destroy()
  }
}
