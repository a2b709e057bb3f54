/**
 * Responses over HTTP/2: those of the upstream, without what belongs to HTTP/1.1, and broken where they broke.
 * @module
 */

import { Readable } from 'node:stream'
import t from 'tap'
import { answerOf } from '../support/http2-client.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { until } from '../support/until.ts'
import { refusalCodeOf, startSecureWire } from './secure-wire.ts'

t.test('status, header lines and bytes come down as they are; the reason stays behind', async (t) => {
  const headers: readonly HeaderLine[] = [
    ['X-B', '1'],
    ['Set-Cookie', 'a=1; Path=/'],
    ['set-cookie', 'b=2'],
    ['ETag', '"\u00e9\u00ff"'],
    ['ETag', '"twice"'],
    ['Connection', 'X-Secret, keep-alive'],
    ['X-Secret', '1'],
    ['Keep-Alive', 'timeout=3'],
    ['Proxy-Connection', 'keep-alive'],
    ['Upgrade', 'h2c'],
  ]
  const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const wire = await startSecureWire(t, {
    replyTo: () => ({ status: 299, statusText: 'Odd', headers, body }),
  })
  const answer = await wire.ask()
  t.match(answer, { status: 299, code: 0, body: body.toString('latin1') })
  t.match(answer.headers, { 'x-b': '1', 'set-cookie': ['a=1; Path=/', 'b=2'], 'content-length': '256' })
  t.match(answer.headers.etag, '\u00e9\u00ff')
  for (const name of [
    'connection',
    'x-secret',
    'keep-alive',
    'proxy-connection',
    'upgrade',
    'transfer-encoding',
  ])
    t.notOk(name in answer.headers, name)
})

for (const [name, method, reply] of [
  ['HEAD', 'HEAD', { headers: [['Content-Length', '12345']] }],
  [
    '304',
    'GET',
    {
      status: 304,
      headers: [
        ['ETag', '"x"'],
        ['Content-Length', '12345'],
      ],
    },
  ],
  ['204', 'GET', { status: 204 }],
  ['205', 'GET', { status: 205, headers: [['Content-Length', '0']] }],
] as const) {
  t.test(`${name} has no body`, async (t) => {
    const wire = await startSecureWire(t, { replyTo: () => reply })
    for (const turn of ['first', 'second']) {
      const answer = await wire.ask({ ':method': method })
      t.match(answer, { status: (reply as { status?: number }).status ?? 200, body: '', code: 0 }, turn)
      if (method === 'HEAD') t.equal(answer.headers['content-length'], '12345')
    }
    await until(() => wire.gateway.log.filter(({ outcome }) => outcome === 'forwarded').length === 2)
  })
}

t.test('HEAD is refused without a body', async (t) => {
  const wire = await startSecureWire(t)
  t.match(await wire.ask({ ':method': 'HEAD', authorization: 'Bearer nobody' }), {
    status: 401,
    body: '',
    code: 0,
  })
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'invalid_token'))
})

t.test('an answer that breaks off is reset and not ended', async (t) => {
  const wire = await startSecureWire(t)
  for (const raw of [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxx\r\n',
  ]) {
    wire.upstream.reply(() => ({ raw }))
    t.match(await wire.ask(), { status: 200, code: 2 }, raw)
  }
  wire.upstream.reply(() => ({ body: 'ok' }))
  t.match(await wire.ask(), { status: 200, code: 0 }, 'the connection goes on')
  t.equal(wire.gateway.log.filter(({ outcome }) => outcome === 'aborted').length, 3)
})

t.test('a client that takes its request back ends the one upstream', async (t) => {
  const wire = await startSecureWire(t, { replyTo: () => new Promise(() => {}) })
  const stream = wire.begin()
  stream.end()
  await until(() => wire.upstream.openConnections === 1 && wire.upstream.requests.length === 1)
  stream.close(8)
  await until(() => wire.upstream.openConnections === 0)
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'aborted'))
  t.equal(await wire.gateway.metric('sallyport_exchanges_in_flight'), 0)
})

t.test('interim answers come down filtered', async (t) => {
  const raw = [
    'HTTP/1.1 103 Early Hints',
    'Link: </a>',
    'Link: </b>',
    'Connection: X-Secret',
    'X-Secret: 1',
    'Content-Length: 5',
    '',
    'HTTP/1.1 200 OK',
    'Content-Length: 2',
    '',
    'ok',
  ].join('\r\n')
  const wire = await startSecureWire(t, { replyTo: () => ({ raw }) })
  const stream = wire.begin({ ':method': 'GET' })
  const interim: object[] = []
  stream.on('headers', (headers) => interim.push(Object.entries(headers)))
  stream.end()
  stream.resume()
  await new Promise((resolve) => stream.once('close', resolve))
  t.strictSame(interim, [
    [
      [':status', 103],
      ['link', '</a>, </b>'],
    ],
  ])
})

t.test('«100 Continue» is said when the upstream wants the body', async (t) => {
  const wire = await startSecureWire(t)
  const stream = wire.begin({ ':method': 'POST', expect: '100-continue' })
  await new Promise<void>((resolve) => stream.once('continue', resolve))
  stream.end('body')
  stream.resume()
  await new Promise((resolve) => stream.once('close', resolve))
  t.match(wire.upstream.requests[0], { state: 'complete', bodyLength: 4 })
  t.equal(refusalCodeOf(await wire.ask({ ':method': 'POST', expect: '200-ok' }, 'x')), 'malformed_header')
})

t.test('a status that HTTP/2 does not know breaks the stream alone', async (t) => {
  const wire = await startSecureWire(t, {
    replyTo: () => ({ raw: 'HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok' }),
  })
  const answer = await wire.ask()
  t.match(answer, { code: 0, status: 502 })
  wire.upstream.reply(() => ({ body: 'ok' }))
  t.match(await wire.ask(), { status: 200, code: 0 })
})

t.test('an answer under way is reset when its token is revoked, and the connection goes on', async (t) => {
  const wire = await startSecureWire(t, {
    replyTo: ({ target }) => (target === '/open' ? { body: neverEnding() } : { body: 'ok' }),
  })
  const leaked = await wire.gateway.issue({ access: 'owner' })
  const stream = wire.begin({ ':method': 'GET', ':path': '/open', authorization: `Bearer ${leaked.text}` })
  stream.end()
  const answer = answerOf(stream)
  await new Promise((resolve) => stream.once('data', resolve))
  await wire.gateway.store.revokeToken(leaked.token.id, {
    at: Date.now(),
    by: 'test',
    origin: 'test',
    cause: 'leaked',
  })
  t.match(await answer, { status: 200, body: 'half', code: 2 })
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'revoked'))
  t.match(await wire.ask(), { status: 200, code: 0 })
})

function neverEnding(): Readable {
  return Readable.from(
    (async function* () {
      yield 'half'
      await new Promise(() => {})
    })(),
  )
}
