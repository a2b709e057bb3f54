/**
 * Behind a request whose end is in doubt nothing on its connection is a request, not even what came with it in one
 * packet: a proxy in front may have taken those bytes for a body.
 * @module
 */

import t from 'tap'
import { rawRequest } from '../support/raw-request.ts'
import { credential, get, host, message, post } from './attacks/attack.ts'
import { leavesNoTrace, startWatchedWire } from './witness.ts'

const next = get('/smuggled')

/** Each ends where the gateway's parser says, and nowhere for another one. */
const doubtful: readonly (readonly [name: string, bytes: string])[] = [
  ['an empty coding', post(['Transfer-Encoding: , chunked'], `0\r\n\r\n${next}`)],
  [
    'chunks in HTTP/1.0',
    message(
      ['POST /a HTTP/1.0', host, credential, 'Transfer-Encoding: chunked', 'Connection: keep-alive'],
      `0\r\n\r\n${next}`,
    ),
  ],
  ['a length of too many digits', post(['Content-Length: 0000000000000000'], next)],
  ['a length in disguise', post(['Content_Length: 5'], next)],
  ['a coding in disguise', post(['Transfer_Encoding: chunked'], `0\r\n\r\n${next}`)],
  ['two hosts', post([host, 'Content-Length: 0'], next)],
  ['an unknown expectation', post(['Expect: x', 'Content-Length: 0'], next)],
  ['a Connection that names the length', post(['Connection: content-length', 'Content-Length: 0'], next)],
]

t.test('B41 B42 nothing behind a request whose end is in doubt is decided on', async (t) => {
  const wire = await startWatchedWire(t)
  await leavesNoTrace(t, wire, async () => {
    for (const [name, bytes] of doubtful) {
      for (const behind of ['', next, next + next]) {
        const sent = (bytes + behind).replaceAll('TOKEN', wire.token)
        const answer = await rawRequest(wire.gateway.port, sent, { untilClose: true })
        t.equal(answer.status, 400, name)
        t.equal(answer.closed, true, name)
        t.equal(answer.rest.length, 0, `${name}: one answer`)
      }
    }
  })
  t.equal(wire.upstream.requests.length, 0)
})

t.test('B24 framing in disguise is refused also where names with «_» are allowed', async (t) => {
  const wire = await startWatchedWire(t, {
    routes: [{ match: { path: '/{path*}' }, allowUnderscoreHeaders: true }],
  })
  for (const line of ['Content_Length: 5', 'TRANSFER_ENCODING: chunked', 'Transfer_Encoding: x', '_: x']) {
    const answer = await rawRequest(wire.gateway.port, get('/a', line).replace('TOKEN', wire.token))
    t.equal(answer.status, line === '_: x' ? 200 : 400, line)
  }
  t.equal(wire.upstream.requests.length, 1)
})

t.test('a request behind one that asked to close is nobody’s either', async (t) => {
  const wire = await startWatchedWire(t)
  const sent = (get('/a', 'Connection: close') + next).replaceAll('TOKEN', wire.token)
  const answer = await rawRequest(wire.gateway.port, sent, { untilClose: true })
  t.equal(answer.closed, true)
  t.equal(answer.rest.length, 0)
  t.notOk(wire.upstream.requests.some(({ target }) => target === '/smuggled'))
})
