/**
 * What tests ask of a refusal: every byte that the client got, and the one line that the log has of it.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { TestGateway } from '../../support/gateway.ts'
import type { RawAnswer } from '../../support/raw-request.ts'

/** A refusal as the client must see it, the request's id aside. */
export interface ExpectedRefusal {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly challenge?: string
  readonly retryAfter?: string
}

/** The refusal that no path of the configuration leads to anything, and the one that hides a 403. */
export const notFound: ExpectedRefusal = { status: 404, code: 'not_found', title: 'There is nothing here.' }

/** Headers that Node adds for its own connection. */
const ofConnection = new Set(['date', 'connection', 'keep-alive'])

/** Checks status, every header and every field of the body. */
export function isRefused(t: Test, answer: RawAnswer, expected: ExpectedRefusal, name: string): void {
  const { status, code, title, challenge, retryAfter } = expected
  const requestId = answer.header('x-request-id').join()
  t.match(requestId, /^[0-9a-z]+-[0-9a-z]+$/, `${name}: an id`)
  t.equal(answer.status, status, `${name}: status`)
  t.strictSame(
    answer.headers.filter(([header]) => !ofConnection.has(header.toLowerCase())),
    [
      ['content-type', 'application/problem+json'],
      ['content-length', String(answer.body.length)],
      ['cache-control', 'no-store'],
      ['x-request-id', requestId],
      ...(challenge === undefined ? [] : [['www-authenticate', challenge]]),
      ...(retryAfter === undefined ? [] : [['retry-after', retryAfter]]),
    ],
    `${name}: headers`,
  )
  t.strictSame(
    JSON.parse(answer.body.toString()),
    { type: `urn:sallyport:refusal:${code}`, title, status, code, requestId },
    `${name}: body`,
  )
}

/** All that a client can tell apart: the whole answer, with the request's id and the hour taken out. */
export function seenByClient(answer: RawAnswer): string {
  const requestId = answer.header('x-request-id').join()
  const lines = answer.headers.map(([name, value]) => {
    if (name.toLowerCase() === 'date') return [name]
    if (name.toLowerCase() === 'content-length') return [name, Number(value) - requestId.length]
    return [name, value]
  })
  const { status, statusText, body, closed } = answer
  return JSON.stringify({ status, statusText, lines, body: body.toString('latin1'), closed }).replaceAll(
    requestId,
    '',
  )
}

/** Lines of requests in the log so far. */
export function requestLines(gateway: TestGateway): readonly Record<string, unknown>[] {
  return gateway.log.filter(({ message }) => message === 'request')
}

/** The log line of an answer. It is written when the connection has taken the whole response, so it may be awaited. */
export async function lineOf(
  gateway: TestGateway,
  answer: Pick<RawAnswer, 'header'>,
): Promise<Record<string, unknown>> {
  const requestId = answer.header('x-request-id').join()
  return await eventually(() => requestLines(gateway).find((line) => line.requestId === requestId))
}

/** What `find` yields, as soon as it is not `undefined`; throws when the time is over. */
export async function eventually<Value>(find: () => Value | undefined, timeoutMs = 2_000): Promise<Value> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(5)) {
    const found = find()
    if (found !== undefined) return found
  }
  throw new Error(`it did not happen within ${timeoutMs} ms`)
}
