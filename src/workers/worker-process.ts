/**
 * One worker as the primary sees it, from its start to its end.
 * @module
 */

import cluster, { type Worker } from 'node:cluster'
import type { Readable } from 'node:stream'
import type { Settings } from '../config/schema/settings.ts'
import type { CountDesk } from '../limits/count-desk.ts'
import type { Asked, Checks, FromWorker, Place, Post, StartFailure, ToWorker } from './messages.ts'

export interface WorkerProcessOptions {
  readonly post: Post
  readonly desk: CountDesk
  /** Where whole lines of its standard error go. */
  readonly out: { write(lines: string): void }
  readonly onInForce: (settings: Settings) => void
}

/** Why it could not start: as an error of Node's, where it was one. */
class StartError extends Error {
  readonly code: string | undefined
  readonly port: number | undefined

  constructor({ message, code, port }: StartFailure) {
    super(message)
    this.code = code
    this.port = port
  }
}

export class WorkerProcess {
  readonly number: number
  /** Rejects with why it could not start, or with how it ended before it had. */
  readonly opened: Promise<Place>
  /** How it ended: an exit code or a signal. Resolves when its last line is written, too. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #worker: Worker
  readonly #options: WorkerProcessOptions
  readonly #waiting = new Map<number, (answer: Checks | string | undefined) => void>()
  readonly #opening = Promise.withResolvers<Place>()
  #asked = 0
  #isOpen = false

  /** `cluster.setupPrimary` says what is run. */
  constructor(options: WorkerProcessOptions) {
    this.number = options.post.number
    this.#options = options
    this.#worker = cluster.fork()
    this.opened = this.#opening.promise
    const child = this.#worker.process
    this.#worker.on('message', (message: FromWorker) => this.#heard(message))
    for (const stream of [child.stdout, child.stderr]) if (stream) passLines(stream, options.out)
    const { promise, resolve } = Promise.withResolvers<number | NodeJS.Signals>()
    this.ended = promise
    const end = (how: number | NodeJS.Signals) => {
      this.#isOpen = false
      for (const answer of this.#waiting.values()) answer(undefined)
      this.#opening.reject(new Error(`worker ${this.number} ended at its start with ${how}`))
      resolve(how)
    }
    child.once('close', (code, signal) => end(signal ?? code ?? 1))
    // There is no process, or a message has crossed its end.
    this.#worker.on('error', () => {
      if (child.pid === undefined) end(1)
    })
  }

  get pid(): number | undefined {
    return this.#worker.process.pid
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Waits for the answer as long as the worker lives; `undefined` when there is none. */
  checks(): Promise<Checks | undefined> {
    return this.#ask('checks') as Promise<Checks | undefined>
  }

  metrics(): Promise<string | undefined> {
    return this.#ask('metrics') as Promise<string | undefined>
  }

  keySet(): Promise<string | undefined> {
    return this.#ask('keys') as Promise<string | undefined>
  }

  reload(): void {
    this.#send({ kind: 'reload' })
  }

  /** One that is not open has nothing under way. */
  drain(): void {
    if (this.#isOpen) this.#send({ kind: 'drain' })
    else this.kill()
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  #ask(what: Asked): Promise<Checks | string | undefined> {
    const { promise, resolve } = Promise.withResolvers<Checks | string | undefined>()
    if (!this.#isOpen) return Promise.resolve(undefined)
    const id = ++this.#asked
    this.#waiting.set(id, resolve)
    this.#send({ kind: 'ask', id, what })
    return promise
  }

  #heard(message: FromWorker): void {
    switch (message.kind) {
      case 'loaded':
        this.#send({ kind: 'start', post: this.#options.post })
        break
      case 'open':
        this.#isOpen = true
        this.#opening.resolve(message.data)
        break
      case 'failed':
        this.#opening.reject(new StartError(message.failure))
        break
      case 'in-force':
        this.#options.onInForce(message.settings)
        break
      case 'answer':
        this.#waiting.get(message.id)?.(message.answer)
        this.#waiting.delete(message.id)
        break
      case 'count':
        this.#send({ kind: 'totals', id: message.id, totals: this.#options.desk.answer(message.question) })
        break
      default:
        message satisfies never
    }
  }

  #send(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => {})
  }
}

/** Lines of several workers never run into each other. */
function passLines(from: Readable, out: WorkerProcessOptions['out']): void {
  let rest = ''
  from.setEncoding('utf8')
  from.on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) out.write(rest + text.slice(0, end))
    rest = end > 0 ? text.slice(end) : rest + text
  })
  from.on('end', () => {
    if (rest !== '') out.write(`${rest}\n`)
  })
}
