/**
 * Refusals look on the wire as Swift's own. The expected answers are those of Swift behind its catch_errors,
 * gatekeeper and proxy-logging middleware.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  badRequest,
  forbidden,
  notFound,
  ofHead,
  type SwiftPage,
  swiftPage,
  unauthorized,
} from '../../../../src/profiles/swift/swift-refusals.ts'

const html = 'text/html; charset=UTF-8'

function onTheWire({ headers, body }: SwiftPage): string {
  return [...headers.map((header) => header.join(': ')), '', body].join('\n')
}

t.test('pages', async (t) => {
  const page = (answer: SwiftPage, reason: string, sentence: string, length: number, ...extra: string[]) =>
    t.equal(
      onTheWire(answer),
      [
        `Content-Type: ${html}`,
        ...extra,
        `Content-Length: ${length}`,
        '',
        `<html><h1>${reason}</h1><p>${sentence}</p></html>`,
      ].join('\n'),
    )
  const challenge = 'Www-Authenticate: Swift realm="AUTH_a"'
  const verify = 'This server could not verify that you are authorized to access the document you requested.'
  page(unauthorized('AUTH_a'), 'Unauthorized', verify, 131, challenge)
  page(forbidden(), 'Forbidden', 'Access was denied to this resource.', 73)
  page(notFound(), 'Not Found', 'The resource could not be found.', 70)
  const later = 'The server is currently unavailable. Please try again at a later time.'
  page(swiftPage('Service Unavailable', later), 'Service Unavailable', later, 118)
})

t.test('a text in place of a page', async (t) => {
  t.equal(
    onTheWire(badRequest('X: á\n')),
    'Content-Type: text/plain; charset=UTF-8\nContent-Length: 6\n\nX: á\n',
  )
})

t.test('the answer to HEAD has no body, and a length only where the body is a text', async (t) => {
  t.equal(
    onTheWire(ofHead(unauthorized(undefined))),
    `Content-Type: ${html}\nWww-Authenticate: Swift realm="unknown"\nContent-Length: 0\n\n`,
  )
  t.equal(
    onTheWire(ofHead(badRequest('X: á\n'))),
    'Content-Type: text/plain; charset=UTF-8\nContent-Length: 6\n\n',
  )
})

const realmOf = (account: string | undefined) =>
  new Map(unauthorized(account).headers).get('Www-Authenticate')

t.test('the challenge names the account, percent-encoded', async (t) => {
  t.equal(realmOf('AUTH_a'), 'Swift realm="AUTH_a"')
  t.equal(realmOf('AUTH_á "\'()*!~;@:+\n'), 'Swift realm="AUTH_%C3%A1%20%22%27%28%29%2A%21~%3B%40%3A%2B%0A"')
  for (const account of [undefined, 'v1.0', 'auth']) t.equal(realmOf(account), 'Swift realm="unknown"')
})

t.test('no name of an account breaks out of the challenge', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (account) =>
      /^Swift realm="[A-Za-z0-9_.~%-]*"$/.test(realmOf(account) ?? ''),
    ),
  )
})
