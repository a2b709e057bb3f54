/**
 * Whatever is sent: the upstream gets exactly what was decided on, or nothing; and one request on the wire is one
 * request upstream. What must come of a request follows from how it was made, and not from how anybody parses it.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { credential, get, host, message } from './attacks/attack.ts'
import { strictUpstream } from './strict-upstream.ts'
import { startWire } from './wire.ts'

/** Anybody may ask for it, so that it would go up wherever it is read as a request. */
const smuggled = message(['GET /smuggled HTTP/1.1', host])

/** A body, the lines that frame it, and its bytes; `isGood` when they have one reading. */
const body = fc.array(
  fc.constantFrom('a', '\r\n', '0\r\n\r\n', smuggled, 'GET / HTTP/1.1\r\n', '\u00ff', '5\r\n'),
  {
    maxLength: 4,
  },
)
const none = fc.constant({ lines: [] as string[], sent: '', body: '', isGood: true })
const sized = fc.tuple(body, fc.nat(4)).map(([pieces, zeros]) => {
  const text = pieces.join('')
  return {
    lines: [`Content-Length: ${'0'.repeat(zeros)}${text.length}`],
    sent: text,
    body: text,
    isGood: true,
  }
})
const chunkHead = fc.constantFrom(
  ...['', '', '', ';x', ';x=y', ';x="y"', ' ', '\t', '\n', '\r', '\r\n', ';a\nb', ';\u0000', 'g', '.0'],
)
const chunked = fc
  .array(
    fc.tuple(body, chunkHead, fc.constantFrom('', '', '', '0', '00', '+', '-', '0x', ' ', 'F'.repeat(17))),
  )
  .map((chunks) => {
    const parts = chunks
      .map(([pieces, tail, lead]) => ({ text: pieces.join(''), tail, lead }))
      .filter(({ text }) => text !== '')
    return {
      lines: ['Transfer-Encoding: chunked'],
      sent: `${parts.map(({ text, tail, lead }) => `${lead}${text.length.toString(16)}${tail}\r\n${text}\r\n`).join('')}0\r\n\r\n`,
      body: parts.map(({ text }) => text).join(''),
      isGood: parts.every(({ tail, lead }) => /^(;x|;x=y|;x="y")?$/.test(tail) && /^0*$/.test(lead)),
    }
  })

/** Any of these makes a request one that nobody may forward, whatever else it says. */
const spoilers = [
  ...[
    'Content-Length: +5',
    'Content-Length: 5, 5',
    'Content-Length: 0x5',
    'Content-Length : 5',
    'Content-Length:',
  ],
  ...[
    'Content-Length: -1',
    'Content-Length: 1 1',
    'Content-Length\u0000: 5',
    'Content_Length: 5',
    'Content-Length: 1e1',
  ],
  ...[
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: , chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding:',
  ],
  ...[
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, identity',
  ],
  ...['Transfer_Encoding: chunked', 'Transfer-Encoding: "chunked"', 'Transfer-Encoding:\u000bchunked'],
  ...[
    'X: y\r\n Transfer-Encoding: chunked',
    'X: y\r\n\tz',
    'X: y\nTransfer-Encoding: chunked',
    'X: y\rZ: z',
    ' X: y',
  ],
  ...[
    'X: a\u0000b',
    ': y',
    'no colon',
    'X y: z',
    'X\u00e9: z',
    host,
    'Connection: content-length',
    'Expect: x',
  ],
] as const
const harmless = [
  'X-Harmless: 1',
  'Connection: keep-alive',
  'TE: trailers',
  'X-Empty:',
  'Keep-Alive: timeout=5',
] as const

t.test('B41 B42 B43 one request on the wire is one request upstream, or it is the last one', async (t) => {
  const { send, upstream } = await start(t)
  const lines = fc.array(fc.constantFrom(...harmless), { maxLength: 3 })
  const spoiled = fc.option(fc.constantFrom(...spoilers), { freq: 2, nil: undefined })
  let carried = 0
  const property = fc.asyncProperty(
    fc.oneof(none, sized, chunked),
    lines,
    spoiled,
    fc.boolean(),
    async (framed, more, spoiler, isFirst) => {
      const extra = spoiler === undefined ? more : [...more, spoiler]
      const all = isFirst ? [...extra, ...framed.lines] : [...framed.lines, ...extra]
      const before = upstream.requests.length
      await send(
        message(['POST /first HTTP/1.1', host, credential, ...all], framed.sent) +
          get('/last', 'Connection: close'),
      )
      // Requests that came together are carried side by side.
      const received = upstream.requests
        .slice(before)
        .map(({ target, body }) => [target, body])
        .toSorted()
      const isGood = framed.isGood && spoiler === undefined
      carried += Number(isGood)
      const expected = isGood
        ? [
            ['/first', framed.body],
            ['/last', ''],
          ]
        : []
      if (JSON.stringify(received) !== JSON.stringify(expected))
        throw new Error(JSON.stringify({ received, expected }))
    },
  )
  await fc.assert(property, { numRuns: 250 })
  t.ok(carried > 20, `${carried} were in order, and carried`)
  t.strictSame(upstream.complaints, [])
})

t.test('B21 B22 B23 a Connection goes no further, and is taken only for its standard options', async (t) => {
  const { send, upstream } = await start(t)
  const plain = ['keep-alive', 'TE', 'trailer', 'Upgrade', 'Keep-Alive', '']
  const option = fc.oneof(
    fc.constantFrom(...plain),
    fc.constantFrom(
      'X-Real-IP',
      'authorization',
      'x-owner',
      'host',
      'keep alive',
      '"close"',
      'te;q=1',
      'x_owner',
    ),
  )
  const separator = fc.constantFrom(',', ', ', ' ,', ',\t', ',,')
  const property = fc.asyncProperty(
    fc.array(option, { minLength: 1, maxLength: 4 }),
    separator,
    async (options, between) => {
      const before = upstream.requests.length
      await send(
        get('/first', `Connection: ${options.join(between)}`, 'X-Real-IP: 203.0.113.9') +
          get('/last', 'Connection: close'),
      )
      const received = upstream.requests.slice(before)
      const isGood = options.every((name) => plain.includes(name))
      if (received.length !== (isGood ? 2 : 0)) throw new Error(received.map(({ target }) => target).join())
      const connections = received.flatMap(({ lines }) => lines.filter((line) => /^connection:/i.test(line)))
      if (connections.some((line) => !/^connection: keep-alive$/i.test(line)))
        throw new Error(connections.join())
    },
  )
  await fc.assert(property, { numRuns: 120 })
  t.strictSame(upstream.complaints, [])
})

t.test('B24 B33 B35 a header goes up byte for byte, or its request does not', async (t) => {
  const { send, upstream } = await start(t)
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
  const name = fc.oneof(
    fc.stringMatching(/^[Xx]-[0-9A-Za-z-]{1,12}$/),
    fc.stringMatching(/^[Xx]-[!#$%&'*+.^`|~0-9A-Za-z-]{1,12}$/),
    fc.string({ unit: byte, minLength: 1, maxLength: 4 }),
  )
  const value = fc.oneof(fc.stringMatching(/^[\x21-\x7e]{0,20}$/), fc.string({ unit: byte, maxLength: 8 }))
  const property = fc.asyncProperty(name, value, async (rawName, rawValue) => {
    fc.pre(!/^(host|date|te|via|from)$/i.test(rawName) && !rawName.includes(':'))
    const before = upstream.requests.length
    // Over undici the order of lines is the same, and so is their case.
    await send(get('/first', `X-Before: 1`, `${rawName}: ${rawValue}`, 'X-After: 1', 'Connection: close'))
    const [request, ...more] = upstream.requests.slice(before)
    if (more.length > 0) throw new Error('several requests went up')
    const isGood = /^[0-9A-Za-z-]+$/.test(rawName) && /^[\t\x20-\x7e\x80-\xff]*$/.test(rawValue)
    if (!isGood && request !== undefined) throw new Error(`went up: ${JSON.stringify(request.lines)}`)
    if (!isGood) return
    const at = request?.lines.findIndex((line) => /^x-before: ?1$/i.test(line)) ?? -1
    const expected = `${rawName}: ${rawValue.replaceAll(/^[\t ]+|[\t ]+$/g, '')}`
    if (request?.lines[at + 1] !== expected)
      throw new Error(JSON.stringify([request?.lines[at + 1], expected]))
  })
  await fc.assert(property, { numRuns: 250 })
  t.strictSame(upstream.complaints, [])
})

async function start(t: Test) {
  const upstream = await strictUpstream(t)
  const wire = await startWire(t, {
    routes: [{ match: { path: '/{path*}' } }, { match: { path: '/smuggled' }, authorize: { public: true } }],
    upstreams: { legacy: { url: upstream.url } },
    log: { requests: false },
  })
  /** Resolves when the gateway has closed the connection, or has been silent for a while. */
  const send = async (bytes: string): Promise<void> => {
    const socket = connect(wire.gateway.port, '127.0.0.1')
    socket.setTimeout(400, () => socket.destroy())
    socket.on('error', () => {})
    socket.write(Buffer.from(bytes.replaceAll('TOKEN', wire.token), 'latin1'))
    socket.resume()
    await once(socket, 'close')
  }
  return { send, upstream }
}
