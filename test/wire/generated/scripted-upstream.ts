/**
 * An upstream that knows each exchange by its number, keeps what came of its request, and answers as was generated.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Scope } from '../../support/private-server.ts'
import type { GeneratedExchange } from './exchange.ts'
import { isBodiless, responseBytes, writeCut } from './message-bytes.ts'
import { type ReadMessage, readMessage } from './message-reader.ts'

export interface ScriptedUpstream {
  readonly url: string
  /** By its number. */
  readonly exchanges: Map<number, GeneratedExchange>
  /** What has come of the request of each. */
  readonly received: Map<number, ReadMessage>
  /** What came and should not have. */
  readonly surprises: string[]
}

type Books = Omit<ScriptedUpstream, 'url'>

/** Starts it on a free port; it is closed when the test is over. */
export async function scriptedUpstream(t: Scope): Promise<ScriptedUpstream> {
  const books: Books = { exchanges: new Map(), received: new Map(), surprises: [] }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    const connection = new ScriptedConnection(socket, books)
    socket.on('data', (bytes: Buffer) => connection.take(bytes))
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...books }
}

class ScriptedConnection {
  readonly #socket: Socket
  readonly #books: Books
  #bytes: Buffer = Buffer.alloc(0)
  /** The request that came last, once its answer has begun. */
  #current: number | undefined
  #isAnswered = true

  constructor(socket: Socket, books: Books) {
    this.#socket = socket
    this.#books = books
  }

  take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    for (let request = this.#read(); request !== undefined; request = this.#read()) {
      this.#onRequest(request)
      // Behind a request that was answered early, the next may have come already.
      if (!request.isWhole) return
      this.#bytes = this.#bytes.subarray(request.bytes)
    }
  }

  #read(): ReadMessage | undefined {
    return readMessage(this.#bytes, { isBodiless: () => false, isUntilClose: false, isEnded: false })
  }

  #onRequest(request: ReadMessage): void {
    const { exchanges, received, surprises } = this.#books
    const number = numberOf(request)
    const exchange = exchanges.get(number)
    if (exchange === undefined) {
      // The rest of one that was answered early may come when nobody asks for it any more.
      if (number !== this.#current) surprises.push(request.start)
      return
    }
    received.set(number, request)
    if (number === this.#current || !(request.isWhole || exchange.response.isEarly)) return
    if (!this.#isAnswered) surprises.push(`before the last one was answered: ${request.start}`)
    this.#current = number
    this.#isAnswered = false
    void this.#answer(exchange)
  }

  async #answer({ request, response, cutting }: GeneratedExchange): Promise<void> {
    await writeCut(this.#socket, responseBytes(response, request.method), cutting)
    this.#isAnswered = true
    const says = response.lines.find(([name]) => name === 'Connection')?.[1] ?? ''
    const isPersistent = response.minorVersion === 1 ? !says.includes('close') : says.includes('keep-alive')
    const endsByClosing =
      response.content.kind === 'until close' && !isBodiless(request.method, response.status)
    if (endsByClosing || !isPersistent) this.#socket.end()
  }
}

function numberOf({ lines }: ReadMessage): number {
  const prefix = 'X-Exchange: '
  return Number(lines.find((line) => line.startsWith(prefix))?.slice(prefix.length) ?? Number.NaN)
}
