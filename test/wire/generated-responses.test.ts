/**
 * Whatever an upstream answers: the client gets one answer to one request, whole or recognisably broken off, and the
 * next request gets its own.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { parseResponse, type RawResponse } from '../support/parse-response.ts'
import { get } from './attacks/attack.ts'
import { strictUpstream } from './strict-upstream.ts'
import { startWire } from './wire.ts'

const stolen = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Stolen: 1\r\n\r\nstolen'
const statusLine = fc.constantFrom(
  ...['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 204 No Content', 'HTTP/1.1 304 x', 'HTTP/1.0 200 OK'],
  ...[
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 103 x',
    'HTTP/1.1 101 x',
    'HTTP/1.1 99 x',
    'HTTP/2 200 OK',
    'ICY 200 OK',
    '',
  ],
)
const line = fc.constantFrom(
  ...[
    'Content-Length: 2',
    'Content-Length: 2',
    'Content-Length: 0',
    'Content-Length: 60',
    'Content-Length: +2',
    'Content-Length: 2, 2',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: identity',
  ],
  ...[
    'Connection: close',
    'Connection: x-secret',
    'X-Secret: 1',
    'X: a\rX-Split: 1',
    'X: a\nX-Split: 1',
    'X: a\u0000',
    'X : y',
  ],
  ...[' X-Folded: y', 'Upgrade: x', 'Keep-Alive: timeout=0', 'X: \u00ff', 'Trailer: X-End'],
)
const piece = fc.constantFrom(
  ...[
    'ok',
    '2\r\nok\r\n',
    '0\r\n\r\n',
    '0\r\nX-End: 1\r\n\r\n',
    stolen,
    '\r\n',
    'zz\r\n',
    '2;x\r\nok\r\n',
    '\u0000',
  ],
)
const answer = fc
  .tuple(statusLine, fc.array(line, { maxLength: 4 }), fc.array(piece, { maxLength: 4 }))
  .map(([first, lines, pieces]) => `${[first, ...lines].join('\r\n')}\r\n\r\n${pieces.join('')}`)

t.test('B43 B44 B70 an answer is never two, and never that to another request', async (t) => {
  let next = ''
  const upstream = await strictUpstream(t, ({ target }) =>
    target === '/fuzz' ? next : `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`,
  )
  const timeouts = { headers: '150ms', bodyIdle: '150ms' }
  const wire = await startWire(t, {
    upstreams: { legacy: { url: upstream.url, connections: 1, timeouts } },
    log: { requests: false },
  })
  let whole = 0
  const property = fc.asyncProperty(answer, async (raw) => {
    next = raw
    const bytes = await exchange(
      wire.gateway.port,
      (get('/fuzz') + get('/next', 'Connection: close')).replaceAll('TOKEN', wire.token),
    )
    const [first, second, ...more] = responsesIn(bytes)
    if (more.length > 0) throw new Error('a third answer')
    whole += Number(second !== undefined)
    hasNothingOf(hiddenOf(raw), first)
    hasNothingOf(/x-/i, second)
    if (second !== undefined && !isOwn(second, '/next'))
      throw new Error(`the second answer is ${second.body}`)
    // A client of its own, over the connection that the fuzz left behind.
    const other = responsesIn(
      await exchange(wire.gateway.port, get('/other', 'Connection: close').replace('TOKEN', wire.token)),
    )
    if (other.length !== 1 || !isOwn(other[0], '/other')) throw new Error('another client got another answer')
  })
  await fc.assert(property, { numRuns: 150 })
  t.ok(whole > 20, `${whole} answers were followed by the next`)
  t.strictSame(upstream.complaints, [])
})

/** Names of headers that stay behind, whatever else an answer says. Its interim answers may be followed by any. */
function hiddenOf(raw: string): RegExp {
  return raw.includes('Connection: x-secret') ? /^x-(split|folded|end|secret)$/i : /^x-(split|folded|end)$/i
}

function hasNothingOf(hidden: RegExp, response: RawResponse | undefined): void {
  const own = /^x-request-id$/i
  const odd = response?.headers.find(
    ([name, value]) => (hidden.test(name) && !own.test(name)) || /[\r\n]/.test(value),
  )
  if (odd !== undefined) throw new Error(`the client got ${JSON.stringify(odd)}`)
}

/** The upstream's answer to this path, or the gateway's own that it got none. */
function isOwn(response: RawResponse | undefined, path: string): boolean {
  if (response?.status === 200) return response.body.toString('latin1') === path
  return response?.header('content-type')[0] === 'application/problem+json'
}

/** All that comes until the connection is closed. */
async function exchange(port: number, bytes: string): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.setTimeout(5_000, () => socket.destroy())
  socket.on('error', () => {}).on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(bytes, 'latin1')
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** Those that are whole. */
function responsesIn(bytes: Buffer): readonly RawResponse[] {
  const responses: RawResponse[] = []
  let rest = bytes
  while (rest.length > 0) {
    const parsed = parseResponse(rest, { isHead: false, isEnded: false })
    if (parsed === undefined) break
    responses.push(parsed.response)
    rest = parsed.rest
  }
  return responses
}
