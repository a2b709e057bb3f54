/**
 * Answers that could be read as two, or that say what was meant for the proxy alone.
 * @module
 */

import type { RawAnswer } from '../../support/raw-request.ts'

/** What an upstream sends, and what the client has to see of it. */
export interface ResponseAttack {
  /** As docs/wire.md lists it. */
  readonly id: string
  readonly title: string
  readonly inputs: readonly ResponseInput[]
}

export type ResponseInput = {
  /** Latin-1. The upstream closes the connection behind it. */
  readonly raw: string
} & (
  | {
      /** Answered 502, or broken off where the head was in order. */
      readonly refused: true
    }
  | {
      readonly body: string
      /** No header line, written `name: value` in lower case, may match. */
      readonly lacks: RegExp
    }
)

const ok = (lines: readonly string[], body = '') =>
  `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n${body}`
const sized = (...lines: readonly string[]) => ok(['Content-Length: 2', ...lines], 'ok')
const chunked = (body: string) => ok(['Transfer-Encoding: chunked'], body)
const stolen = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Stolen: 1\r\n\r\nstolen'

const refused = (...raws: readonly string[]): readonly ResponseInput[] =>
  raws.map((raw) => ({ raw, refused: true }))
const shown = (lacks: RegExp, ...raws: readonly string[]): readonly ResponseInput[] =>
  raws.map((raw) => ({ raw, body: 'ok', lacks }))

export const responseAttacks: readonly ResponseAttack[] = [
  {
    id: 'B44',
    title: 'what an upstream sends behind its answer reaches nobody',
    inputs: shown(
      /stolen/,
      sized() + stolen,
      chunked('2\r\nok\r\n0\r\n\r\n') + stolen,
      `HTTP/1.1 103 Early Hints\r\nX-Stolen: 1\r\n\r\n${sized()}${stolen}`,
    ),
  },
  {
    id: 'B70',
    title: 'what an upstream says of its own connection stays behind',
    inputs: shown(
      /secret|^keep-alive: timeout=33|^proxy-|^te:|^upgrade:|^trailer:/,
      sized('Connection: X-Secret', 'X-Secret: 1'),
      sized('Connection: close, x-secret', 'X-SECRET: 1', 'x-Secret: 2'),
      sized('Connection: close', 'Connection: x-secret', 'X-Secret: 1'),
      sized('X-Secret: 1', 'Connection: x-secret'),
      sized('Keep-Alive: timeout=33'),
      sized('Proxy-Authenticate: Basic realm="x"', 'Proxy-Authentication-Info: x'),
      sized('Proxy-Connection: keep-alive', 'TE: trailers'),
      sized('Connection: upgrade', 'Upgrade: h2c'),
      sized('Trailer: X-Secret'),
    ),
  },
  {
    id: 'B78',
    title: 'trailers of an upstream stay behind, and so does their announcement',
    inputs: shown(
      /^trailer:|x-end/,
      ok(['Transfer-Encoding: chunked', 'Trailer: X-End'], '2\r\nok\r\n0\r\nX-End: 1\r\n\r\n'),
      chunked('2\r\nok\r\n0\r\nX-End: 1\r\nX-End: 2\r\n\r\n'),
    ),
  },
  {
    id: 'B43',
    title: 'an answer with two ends, or with a head that two readers read differently, is none',
    inputs: refused(
      ok(['Content-Length: 2', 'Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'),
      ok(['Content-Length: 2', 'Content-Length: 3'], 'ok!'),
      ok(['Content-Length: 2', 'content-length: 6'], 'ok!'),
      ok(['Content-Length: +2'], 'ok'),
      ok(['Content-Length: 0x2'], 'ok'),
      ok(['Content-Length: 2 2'], 'ok'),
      ok(['Content-Length: -2'], 'ok'),
      ok(['Content-Length : 2'], 'ok'),
      sized('X: a\u0000b'),
      sized('X\u0000: b'),
      sized('X: a\rSet-Cookie: stolen=1'),
      sized('Bad Name: x'),
      sized(': x'),
      sized('no colon'),
      'HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok',
      'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok',
      'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
      'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok',
      'SSH-2.0-OpenSSH_9.9\r\n',
      'ok',
      ok(['Content-Length: 5'], 'ok'),
      chunked('2\r\nok\r\n'),
      chunked('zz\r\nok\r\n0\r\n\r\n'),
      chunked('-2\r\nok\r\n0\r\n\r\n'),
      chunked('FFFFFFFFFFFFFFFFF\r\nok'),
      chunked('2\r\nokay\r\n0\r\n\r\n'),
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nok',
    ),
  },
]

/** What is wrong with what the client saw; `undefined` when nothing is. `answer` is what was read to the end. */
export function failureOfResponse(
  input: ResponseInput,
  answer: Pick<RawAnswer, 'status' | 'headers' | 'body' | 'rest'> | undefined,
): string | undefined {
  if ('refused' in input) {
    // Broken off where it was not whole: nobody takes it for an answer.
    return answer === undefined || answer.status === 502 ? undefined : `answered ${answer.status}`
  }
  if (answer === undefined) return 'not answered'
  const line = answer.headers.find(([name, value]) => input.lacks.test(`${name.toLowerCase()}: ${value}`))
  if (answer.status !== 200) return `answered ${answer.status}`
  if (answer.body.toString('latin1') !== input.body) return `the client got the body ${answer.body}`
  if (answer.rest.length > 0) return `the client got behind it ${answer.rest}`
  return line === undefined ? undefined : `the client got ${line[0]}`
}
