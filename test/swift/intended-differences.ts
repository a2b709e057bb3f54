/**
 * Where the gateway means to answer otherwise than Swift, and why. Each entry fits as few answers as it can, and one
 * that fits none any more has to go.
 * @module
 */

import type { RawAnswer } from '../support/raw-request.ts'
import type { GeneratedRequest } from './generated-requests.ts'

export interface IntendedDifference {
  readonly says: string
  readonly fits: (request: GeneratedRequest, swift: RawAnswer, gateway: RawAnswer) => boolean
}

export const intendedDifferences: readonly IntendedDifference[] = [
  {
    says: 'a target with a raw «#» has two readings, and is refused before anybody asks whose path it is',
    fits: ({ target }, _, gateway) =>
      target.includes('#') && gateway.status === 400 && typeOf(gateway) === 'application/problem+json',
  },
  {
    says: 'a path that begins with two slashes is read as another one by newer servers in Python',
    fits: ({ target }, swift, gateway) =>
      target.startsWith('//') &&
      [401, 404].includes(swift.status) &&
      gateway.status === 400 &&
      gateway.body.toString() ===
        pageOf(gateway, 'Bad Request', 'The request target is not in canonical form.'),
  },
  {
    says: 'a malformed account ACL is the first thing to be told of, whatever else is wrong',
    fits: ({ headers }, swift, gateway) =>
      ['yuck', '{"read-only":[1]}'].includes(String(headers['X-Account-Access-Control'])) &&
      [401, 403, 405, 412].includes(swift.status) &&
      gateway.status === 400 &&
      (gateway.body.length === 0 || /^X-Account-Access-Control invalid: /.test(gateway.body.toString())),
  },
  {
    says: 'without a token the ACL of a path that cannot be read stays here, as every header of owners',
    fits: ({ who, target, headers }, swift, gateway) =>
      who === 'anonymous' &&
      target.includes('%00') &&
      headers['X-Account-Access-Control'] !== undefined &&
      swift.status === 400 &&
      isDenial(gateway),
  },
  {
    says: 'a token that nobody issued is 401 whatever else is wrong',
    fits: ({ who, headers }, swift, gateway) =>
      who === 'impostor' &&
      (swift.status === 406 ? headers.Accept === 'image/png' : isOfTempUrl(swift)) &&
      isDenial(gateway),
  },
  {
    says: 'the realm of a challenge is percent-encoded, so that no account breaks out of the quotes',
    fits: ({ who }, swift, gateway) => {
      const [before, after] = [realmOf(swift), realmOf(gateway)]
      return (
        who === 'impostor' && isDenial(swift) && isDenial(gateway) && after === encodeURIComponent(before)
      )
    },
  },
]

function typeOf(answer: RawAnswer): string | undefined {
  return answer.header('content-type')[0]
}

/** Without a body where the request was `HEAD`. */
function pageOf({ body }: RawAnswer, reason: string, sentence: string): string {
  return body.length === 0 ? '' : `<html><h1>${reason}</h1><p>${sentence}</p></html>`
}

function isDenial(answer: RawAnswer): boolean {
  const sentence =
    'This server could not verify that you are authorized to access the document you requested.'
  return answer.status === 401 && answer.body.toString() === pageOf(answer, 'Unauthorized', sentence)
}

function isOfTempUrl({ status, header, body }: RawAnswer): boolean {
  if (body.length === 0) return status === 401 && header('www-authenticate')[0] === 'Swift realm="unknown"'
  return status === 401 && body.toString() === '401 Unauthorized: Temp URL invalid\n'
}

function realmOf(answer: RawAnswer): string {
  return /^Swift realm="(.*)"$/.exec(answer.header('www-authenticate')[0] ?? '')?.[1] ?? ''
}
