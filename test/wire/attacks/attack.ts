/**
 * What an attack on the wire is: the bytes that somebody sends, and what has to become of them. The same rows are
 * sent to the gateway by the tests, and to other proxies by `bench/wire-peers.ts`.
 * @module
 */

import type { RefusalCode } from '../../../src/request/refusal.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import type { RecordedRequest } from '../../support/recording-upstream.ts'

/** What the upstream has to have received, as one request. */
export interface Carried {
  readonly method?: string
  readonly target?: string
  /** No header line, written `name: value` in lower case, may match. */
  readonly lacks?: RegExp
  readonly body?: string
}

/** What has to become of it. */
export type Verdict =
  | {
      readonly refused: RefusalCode
      /** Its head is in order, so that it is decided on before the rest turns out not to be. */
      readonly isLate?: true
    }
  | { readonly carried: Carried }

/** Latin-1, with `TOKEN` where the text of a good token goes. */
export type Input = { readonly bytes: string } & Verdict

export interface Attack {
  /** As docs/wire.md lists it. */
  readonly id: string
  /** The guarantee, as a sentence. */
  readonly title: string
  readonly inputs: readonly Input[]
}

/** What came of one input. */
export interface Observed {
  /** `undefined` when the connection ended without an answer. */
  readonly answer: Pick<RawAnswer, 'status'> | undefined
  readonly received: readonly RecordedRequest[]
}

export const host = 'Host: gate.example'
export const credential = 'Authorization: Bearer TOKEN'

/** A whole request of these lines, without anything added. */
export function message(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** A GET of a path with more header lines, of somebody who may. */
export function get(target: string, ...lines: readonly string[]): string {
  return message([`GET ${target} HTTP/1.1`, host, credential, ...lines])
}

/** A POST of a body with the header lines that say how long it is, or seem to. */
export function post(framing: readonly string[], body = ''): string {
  return message(['POST /a HTTP/1.1', host, credential, ...framing], body)
}

/** All of these are refused alike. */
export function refusedAll(refused: RefusalCode, inputs: readonly string[]): readonly Input[] {
  return inputs.map((bytes) => ({ bytes, refused }))
}

/** What is wrong with what came of an input; `undefined` when nothing is. */
export function failureOf(input: Verdict, { answer, received }: Observed): string | undefined {
  const complete = received.filter(({ state }) => state === 'complete')
  if ('carried' in input) return failureOfCarried(input.carried, complete, answer)
  if (complete.length > 0) return `the upstream got ${complete.map(({ target }) => target).join(' and ')}`
  if (answer !== undefined && answer.status >= 500 && answer.status !== 501)
    return `answered ${answer.status}`
  if (answer !== undefined && answer.status < 400) return `answered ${answer.status}`
  return undefined
}

function failureOfCarried(
  { method, target, lacks, body }: Carried,
  received: readonly RecordedRequest[],
  answer: Observed['answer'],
): string | undefined {
  const [request, ...more] = received
  if (answer?.status !== 200) return `answered ${answer?.status ?? 'nothing'}`
  if (request === undefined || more.length > 0) return `the upstream got ${received.length} requests`
  const got = request.body.toString('latin1')
  const shown = request.headers.find(([name, value]) => lacks?.test(`${name.toLowerCase()}: ${value}`))
  if (method !== undefined && request.method !== method) return `the upstream got ${request.method}`
  if (target !== undefined && request.target !== target) return `the upstream got ${request.target}`
  if (shown !== undefined) return `the upstream got ${shown[0]}`
  if (body !== undefined && got !== body) return `the upstream got the body ${got}`
  return request.trailers.length > 0 ? 'the upstream got trailers' : undefined
}
