/**
 * Stands where the gateway is asked, keeps every question, and answers as the doors of the gateway do: for what a
 * gateway would do only while it fails, and for what a proxy makes of one answer or another.
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from '../support/private-server.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'

export interface Question {
  readonly method: string
  readonly target: string
  /** All values of a header, whatever the case of its name. */
  header(name: string): readonly string[]
}

/** `undefined`: no answer at all; `'drop'`: the connection is closed instead. */
export type DoorAnswer =
  | { readonly status: number; readonly headers?: readonly HeaderLine[]; readonly body?: string }
  | 'drop'
  | undefined

export interface ScriptedDoor {
  readonly port: number
  readonly questions: readonly Question[]
  /** For the questions to come. Until it is called, each is refused. */
  answer(to: (question: Question) => DoorAnswer): void
  /** Closes the port and every connection. Idempotent. */
  close(): Promise<void>
}

export async function scriptedDoor(t: Scope): Promise<ScriptedDoor> {
  const questions: Question[] = []
  let answerTo: (question: Question) => DoorAnswer = () => ({ status: 403 })
  // Without a listener of its own, a question that is an upgrade comes as a request.
  const server = createServer((request, response) => {
    const question = questionOf(request)
    questions.push(question)
    request.resume()
    const answer = answerTo(question)
    if (answer === undefined) return
    if (answer === 'drop') {
      request.socket.destroy()
      return
    }
    const { status, headers = [], body = '' } = answer
    response.writeHead(status, [...headers.flat(), 'Content-Length', String(body.length)])
    response.end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(close)
  return {
    port: (server.address() as AddressInfo).port,
    questions,
    answer: (to) => {
      answerTo = to
    },
    close,
  }
}

function questionOf({ method = '', url = '', headersDistinct }: IncomingMessage): Question {
  return { method, target: url, header: (name) => headersDistinct[name.toLowerCase()] ?? [] }
}
