/**
 * `envoy.service.ext_proc.v3.ExternalProcessor/Process`: one stream for one request, whose head is decided on, and then the
 * head of its response filtered by the same grant. All else that may come ends the stream with an error, and so the
 * request, as Envoy fails closed. A stream that ended well would let the rest pass: so none does before the response.
 * @module
 */

import { type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import {
  ExternalProcessor,
  type HttpHeaders,
  type ProcessingRequest,
  type ProcessingResponse,
} from './generated/envoy/service/ext_proc/v3/external_processor_pb.ts'
import { type AnsweringDesk, type ProveProxy, unproved } from './grpc-desk.ts'
import { definitionOf } from './method-definition.ts'
import { readAnswer, readProcess } from './read-process.ts'
import { type HeldAllowed, tellRefused, tellRequest, tellResponse } from './tell-process.ts'

export const externalProcessor: ServiceDefinition = {
  process: definitionOf(ExternalProcessor.method.process),
}

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponse>
type Ask = (asked: AskedRequest | Refusal) => ReturnType<AnsweringDesk['ask']>

const door = 'envoy-ext-proc'
const anotherCredential = refuse('undecidable', 'the request is to go up again with another credential')

export function processBy(desk: AnsweringDesk, prove: ProveProxy) {
  return (call: Call): void => {
    const proxy = prove(call, door)
    if (proxy === undefined) {
      call.emit('error', unproved)
      return
    }
    const asker = { proxy: proxy.name, door, problemOf: () => undefined }
    const stream = new ProcessStream(call, (asked) => desk.ask(asked, asker))
    call.on('data', (message: ProcessingRequest) => stream.take(message))
    for (const ending of ['end', 'cancelled', 'close']) call.once(ending, () => stream.leave())
  }
}

class ProcessStream {
  readonly #call: Call
  readonly #ask: Ask
  #question: ReturnType<Ask> | undefined
  #allowed: HeldAllowed | undefined
  #isOver = false

  constructor(call: Call, ask: Ask) {
    this.#call = call
    this.#ask = ask
  }

  take(message: ProcessingRequest): void {
    if (this.#isOver) return
    const { request, observabilityMode } = message
    try {
      if (observabilityMode) this.#fail(status.FAILED_PRECONDITION, 'observability_mode heeds no answer')
      else if (this.#question === undefined && request.case === 'requestHeaders') this.#decide(message)
      else if (this.#allowed !== undefined && request.case === 'responseHeaders') {
        this.#filter(this.#allowed, request.value)
      } else
        this.#fail(
          status.FAILED_PRECONDITION,
          'request_headers, then response_headers, are all that is taken',
        )
    } catch {
      this.#failInside()
    }
  }

  /** Nobody waits for what is still to be told. */
  leave(): void {
    this.#fail(status.CANCELLED, 'the stream ended before the response')
  }

  #decide(message: ProcessingRequest): void {
    const question = this.#ask(readProcess(message))
    this.#question = question
    question.answered
      .then((answer) => {
        if (this.#isOver) return
        if (answer.kind === 'refused') this.#finish(tellRefused(answer))
        else this.#hold(answer)
      })
      .catch(() => this.#failInside())
  }

  #hold(allowed: HeldAllowed): void {
    allowed.onWithdrawn(() => this.#fail(status.ABORTED, 'the token is no good any more'))
    if (this.#isOver) return
    this.#allowed = allowed
    this.#call.write(tellRequest(allowed.rewriting))
  }

  #filter(allowed: HeldAllowed, shown: HttpHeaders): void {
    const head = readAnswer(shown)
    if (head === undefined) {
      this.#fail(status.INVALID_ARGUMENT, 'a response that cannot be read')
      return
    }
    const verdict = allowed.inspect?.(head)
    if (verdict !== undefined) {
      const refusal = isRefusal(verdict) ? verdict : anotherCredential
      this.#finish(tellRefused(allowed.refuse(refusal)))
      return
    }
    this.#finish(tellResponse(head.headers, allowed.filterHeaders(head.headers)))
    allowed.close()
  }

  #finish(last: ProcessingResponse): void {
    this.#isOver = true
    this.#call.write(last)
    this.#call.end()
  }

  /** What was thrown may hold what a client sent. */
  #failInside(): void {
    this.#fail(status.INTERNAL, 'the question could not be answered')
  }

  #fail(code: status, details: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#question?.abandon()
    this.#call.emit('error', { code, details })
  }
}
