/**
 * What is an upgrade and what is not, and what becomes of one that is refused: by the gateway before anything is
 * dialled, by the upstream in its own words. No byte behind it is ever read as a request.
 * @module
 */

import t, { type Test } from 'tap'
import { parseResponse } from '../../support/parse-response.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { bytesOf, handshake, rawClient, startTunnels, switched, tcpUpstream } from './scene.ts'

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gate.example\r\n\r\n'

/** A gateway before an upstream that answers no switch, and keeps whether one was asked for. */
async function plainScene(t: Test) {
  const upstream = await recordingUpstream(t, () => ({ body: 'plain' }))
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  return { upstream, gateway, text }
}

const without = (name: string) => handshake.filter((line) => !line.startsWith(name))

t.test('whatever is not plainly an upgrade is the plain request that it also is', async (t) => {
  const { upstream, gateway, text } = await plainScene(t)
  const others: Readonly<Record<string, readonly string[]>> = {
    'h2c, which no route can allow': [
      ...without('Upgrade'),
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ],
    'a list': [...without('Upgrade'), 'Upgrade: websocket, h2c'],
    'two lines': [...handshake, 'Upgrade: websocket'],
    'a protocol with a version': [...without('Upgrade'), 'Upgrade: websocket/13'],
    'no Connection: Upgrade': [...without('Connection'), 'Connection: keep-alive'],
    'no Connection': without('Connection'),
    'HTTP/1.0': ['GET /chat HTTP/1.0', ...handshake.slice(1), 'Connection: keep-alive'],
    'another method': ['OPTIONS /chat HTTP/1.1', ...handshake.slice(1)],
    'another route': ['GET /plain/chat HTTP/1.1', ...handshake.slice(1)],
  }
  for (const [name, lines] of Object.entries(others)) {
    const before = upstream.requests.length
    const answer = await rawRequest(gateway.port, bytesOf(lines, text))
    const [request, ...more] = upstream.requests.slice(before)
    t.equal(answer.status, 200, name)
    t.same(more, [], name)
    t.same(request?.header('upgrade'), [], name)
    t.notMatch(request?.header('connection').join(), /upgrade/i, name)
    t.equal(answer.closed, false, `${name}: the connection stays`)
  }
})

t.test('a request with a body is plain, and its body is one', async (t) => {
  const { upstream, gateway, text } = await plainScene(t)
  for (const framing of [`Content-Length: ${smuggled.length}`, 'Transfer-Encoding: chunked']) {
    const isChunked = framing.startsWith('T')
    const body = isChunked ? `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n` : smuggled
    const before = upstream.requests.length
    const answer = await rawRequest(gateway.port, bytesOf([...handshake, framing], text, body))
    t.equal(answer.status, 200)
    t.same(
      upstream.requests.slice(before).map(({ target, body }) => [target, body.toString()]),
      [['/chat', smuggled]],
    )
  }
})

t.test('an upgrade behind a request that has no answer yet is plain, and waits for its turn', async (t) => {
  const { upstream, gateway, text } = await plainScene(t)
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  upstream.reply(async ({ target }) => {
    if (target === '/first') await answered
    return { body: target }
  })
  const first = bytesOf(['GET /first HTTP/1.1', 'Host: gate.example'], text)
  const client = rawClient(t, gateway, first + bytesOf(handshake, text))
  await until(() => upstream.requests.length === 1)
  answer()
  await until(() => client.received().includes('/chat'))
  t.same(upstream.requests[1]?.header('upgrade'), [])
  t.ok(client.received().indexOf('/first') < client.received().indexOf('/chat'))
})

t.test('a route serves upgrades in every spelling of the one protocol', async (t) => {
  const upstream = await tcpUpstream(t, (socket, head) => socket.write(switched(head)))
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  const spellings = [
    handshake,
    [...without('Upgrade'), 'Upgrade: WebSocket'],
    [...without('Connection'), 'Connection: keep-alive, Upgrade'],
    [...without('Connection'), 'connection: UPGRADE'],
    [...without('Connection'), 'Connection: keep-alive', 'Connection: upgrade'],
    [...handshake, 'Content-Length: 0'],
  ]
  for (const lines of spellings) {
    const client = rawClient(t, gateway, bytesOf(lines, text))
    await until(() => client.received().includes('\r\n\r\n'))
    t.match(client.received(), /^HTTP\/1\.1 101 Switching Protocols\r\n/, lines.join())
    t.match(upstream.connections.at(-1)?.received(), /\r\nconnection: Upgrade\r\nupgrade: websocket\r\n/)
  }
})

t.test('a handshake that RFC 6455 refuses is 400, and nothing is dialled', async (t) => {
  const { upstream, gateway, text } = await plainScene(t)
  const faulty = [
    without('Sec-WebSocket-Key'),
    [...handshake, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
    [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: c2hvcnQ='],
    [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: !!hlIHNhbXBsZSBub25jZQ=='],
    without('Sec-WebSocket-Version'),
    [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8'],
    [...handshake, 'Sec-WebSocket-Version: 13'],
  ]
  for (const lines of faulty) {
    const answer = await rawRequest(gateway.port, bytesOf(lines, text))
    t.equal(answer.status, 400, lines.join())
    t.equal(JSON.parse(answer.body.toString()).code, 'malformed_header')
  }
  t.equal(upstream.connections, 0)
})

t.test('another answer than a switch is carried as it is, and closes the connection', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  const large = 'x'.repeat(3_000_000)
  for (const [status, body] of [
    [200, 'no socket here'],
    [204, ''],
    [401, 'who?'],
    [403, large],
    [426, 'version'],
    [503, ''],
  ] as const) {
    upstream.reply(() => ({
      status,
      headers: [
        ['X-Said', 'so'],
        ['X-Container-Read', '.r:*'],
        ['Sec-WebSocket-Version', '13, 8'],
      ],
      body,
    }))
    const answer = await rawRequest(gateway.port, bytesOf(handshake, text, smuggled), { untilClose: true })
    t.equal(answer.status, status)
    t.equal(answer.body.toString(), body, `${status}`)
    t.same(answer.header('x-said'), ['so'])
    t.same(answer.header('x-container-read'), [])
    t.same(answer.header('sec-websocket-version'), ['13, 8'])
    t.same(answer.header('connection'), ['close'])
    t.equal(answer.closed, true)
    t.equal(answer.rest.length, 0, 'what was sent behind the request has no answer')
  }
  t.same(
    upstream.requests.map(({ target }) => target),
    Array(6).fill('/chat'),
    'and went nowhere',
  )
  t.equal(await gateway.metric('sallyport_tunnels_open{upstream="legacy"}'), 0)
  t.equal(await gateway.metric('sallyport_exchanges_total{route="sockets",outcome="forwarded"}'), 6)
})

t.test('what a refused client sends behind its request is never read', async (t) => {
  const { upstream, gateway, text } = await plainScene(t)
  const behind = bytesOf(['GET /smuggled HTTP/1.1', 'Host: gate.example'], text)
  const refused = await rawRequest(gateway.port, `${handshake.join('\r\n')}\r\n\r\n${behind}`, {
    untilClose: true,
  })
  t.equal(refused.status, 401)
  t.equal(refused.rest.length, 0)
  const client = rawClient(t, gateway, `${handshake.join('\r\n')}\r\n\r\n`)
  await until(() => client.received().includes('credential_required'))
  client.socket.write(behind)
  await until(client.hasEnded)
  t.notMatch(client.received(), '200 OK')
  t.equal(upstream.connections, 0)
  const lines = gateway.log.filter(({ outcome }) => outcome !== undefined)
  t.same(
    lines.map(({ outcome }) => outcome),
    ['credential_required', 'credential_required'],
  )
})

const badSwitches: Readonly<Record<string, (head: string) => string>> = {
  'another protocol': (head) => switched(head, { Upgrade: 'h2c' }),
  'a list of protocols': (head) => switched(head, { Upgrade: 'websocket, h2c' }),
  'no protocol': (head) => switched(head, { Upgrade: '' }),
  'no Connection': (head) => switched(head, { Connection: '' }),
  'no proof': (head) => switched(head, { 'Sec-WebSocket-Accept': '' }),
  'a wrong proof': (head) => switched(head, { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=x' }),
  'a length': (head) => switched(head, { 'Content-Length': '5' }),
  'HTTP/1.0': (head) => switched(head).replace('HTTP/1.1', 'HTTP/1.0'),
  'a bare status': () => 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
}

for (const [name, answer] of Object.entries(badSwitches)) {
  t.test(`a switch with ${name} is 502, both connections close, and nothing goes through`, async (t) => {
    const upstream = await tcpUpstream(t, (socket, head) => socket.write(`${answer(head)}secret`))
    const gateway = await startTunnels(t, upstream.url)
    const { text } = await gateway.issue()
    const client = rawClient(t, gateway, bytesOf(handshake, text, smuggled))
    await until(client.hasEnded)
    const parsed = parseResponse(Buffer.from(client.received(), 'latin1'), { isHead: false, isEnded: true })
    t.equal(parsed?.response.status, 502)
    t.match(parsed?.response.body.toString(), 'upstream_invalid')
    t.notMatch(client.received(), 'secret')
    const [connection] = upstream.connections
    t.notMatch(connection?.received(), 'smuggled')
    await until(() => connection?.hasEnded() || connection?.socket.destroyed)
    t.equal(await gateway.metric('sallyport_tunnels_open{upstream="legacy"}'), 0)
  })
}

t.test('a switch that nobody asked for is 502 on a plain request too', async (t) => {
  const upstream = await tcpUpstream(t, (socket, head) => socket.write(`${switched(head)}secret`))
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  const answer = await rawRequest(gateway.port, bytesOf([...without('Upgrade'), 'Upgrade: h2c'], text))
  t.equal(answer.status, 502)
  t.notMatch(answer.body.toString(), 'secret')
})

t.test('an upstream that is out of reach, silent or gone is 502 or 504', async (t) => {
  const upstream = await tcpUpstream(t, () => {})
  const gone = await tcpUpstream(t, (socket) => socket.destroy())
  const timeouts = { headers: '300ms' }
  for (const [url, status] of [
    ['http://127.0.0.1:1', 502],
    [upstream.url, 504],
    [gone.url, 502],
  ] as const) {
    const gateway = await startTunnels(t, url, { upstreams: { legacy: { url, timeouts } } })
    const { text } = await gateway.issue()
    t.equal((await rawRequest(gateway.port, bytesOf(handshake, text))).status, status, url)
    await until(async () => (await gateway.metric('sallyport_tunnels_open{upstream="legacy"}')) === 0)
  }
})
