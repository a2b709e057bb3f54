/**
 * Real clients and a real server speak WebSocket through the gateway as they would without it, once their request was
 * let through; and every rule that holds for a request holds for this one.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import t from 'tap'
import { until } from '../../support/until.ts'
import { echoUpstream, nextMessage, openSocket, startTunnels, UnexpectedAnswer } from './scene.ts'

const upstream = await echoUpstream(t, {
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (asked) => (asked.has('chat.v2') ? 'chat.v2' : false),
})
const gateway = await startTunnels(t, upstream.url)
const { text } = await gateway.issue({ subject: 'alice' })

t.test('text goes both ways', async (t) => {
  const socket = await openSocket(t, gateway, text, '/chat', { perMessageDeflate: false })
  t.equal(socket.extensions, '')
  for (const message of ['hello', '«grüße»', '']) {
    socket.send(message)
    t.equal((await nextMessage(socket)).toString(), message)
  }
  socket.close(4001, 'enough')
  const [code, reason] = await once(socket, 'close')
  t.same([code, String(reason)], [4001, 'enough'])
})

t.test('permessage-deflate is negotiated end to end', async (t) => {
  const socket = await openSocket(t, gateway, text)
  t.match(socket.extensions, 'permessage-deflate')
  const message = 'again and '.repeat(10_000)
  socket.send(message)
  t.equal((await nextMessage(socket)).toString(), message)
})

t.test('binary frames of a mebibyte arrive as they were sent', async (t) => {
  const socket = await openSocket(t, gateway, text)
  for (let turn = 0; turn < 4; turn++) {
    const frame = randomBytes(1024 * 1024)
    socket.send(frame)
    t.ok(frame.equals(await nextMessage(socket)))
  }
})

t.test('pings are answered by the other end, both ways', async (t) => {
  const socket = await openSocket(t, gateway, text)
  socket.ping('from the client')
  t.equal(String((await once(socket, 'pong'))[0]), 'from the client')
  const [other] = [...upstream.server.clients].slice(-1)
  other?.ping('from the upstream')
  t.equal(String((await once(other ?? socket, 'pong'))[0]), 'from the upstream')
})

t.test('the subprotocol that the upstream chooses reaches the client', async (t) => {
  const socket = await openSocket(t, gateway, text, '/chat', { protocols: ['chat.v1', 'chat.v2'] })
  t.equal(socket.protocol, 'chat.v2')
  t.equal(upstream.upgrades.at(-1)?.headers['sec-websocket-protocol'], 'chat.v1,chat.v2')
})

t.test('without a valid token the answer is 401, and the upstream sees no connection', async (t) => {
  const before = upstream.connections
  for (const credential of [undefined, 'nonsense', `${text}x`]) {
    const answer = await openSocket(t, gateway, credential).catch((error) => error)
    t.ok(answer instanceof UnexpectedAnswer)
    t.equal(answer.response.statusCode, 401)
    t.match(answer.response.headers['www-authenticate'], /^Bearer /)
    t.equal(answer.response.headers['content-type'], 'application/problem+json')
    t.equal(answer.response.headers.connection, 'close')
  }
  t.equal(upstream.connections, before)
})

t.test('an upgrade is cleaned like any request: credentials, privileged and asserted headers', async (t) => {
  const headers = {
    'X-Container-Read': '.r:*',
    'X-Forwarded-For': '1.2.3.4',
    'X-Sallyport-Subject': 'root',
    'X-Auth-Token': 'other',
    'X-Kept': '1',
  }
  await openSocket(t, gateway, text, '/chat?room=1', { headers })
  const seen = upstream.upgrades.at(-1)
  t.equal(seen?.url, '/chat?room=1')
  t.equal(seen?.headers.authorization, undefined)
  t.equal(seen?.headers['x-auth-token'], undefined)
  t.equal(seen?.headers['x-container-read'], undefined)
  t.equal(seen?.headers['x-sallyport-subject'], 'alice')
  t.equal(seen?.headers['x-forwarded-for'], '127.0.0.1')
  t.equal(seen?.headers['x-kept'], '1')
  t.equal(seen?.headers.connection, 'Upgrade')
  t.equal(seen?.headers.upgrade, 'websocket')
})

t.test('a token in the query opens a socket, and does not go up', async (t) => {
  const socket = await openSocket(t, gateway, undefined, `/chat?a=1&token=${text}&b=2`)
  socket.send('hello')
  t.equal((await nextMessage(socket)).toString(), 'hello')
  t.equal(upstream.upgrades.at(-1)?.url, '/chat?a=1&b=2')
  socket.close()
  await once(socket, 'close')
  await until(() => gateway.log.some(({ query }) => query !== undefined))
  t.notMatch(JSON.stringify(gateway.log), text, 'nor into the log')
})

t.test('a route that does not allow it gets the plain request', async (t) => {
  const before = upstream.upgrades.length
  const answer = await openSocket(t, gateway, text, '/plain/chat').catch((error) => error)
  t.ok(answer instanceof UnexpectedAnswer)
  t.equal(answer.response.statusCode, 200)
  t.equal(upstream.upgrades.length, before)
  t.equal(upstream.requests.at(-1)?.headers.upgrade, undefined)
})

t.test('each socket is settled once, with its bytes, and counted', async (t) => {
  const settled = () => gateway.log.filter(({ path }) => path === '/counted')
  const closed = () => gateway.metric('sallyport_tunnels_closed_total{cause="client"}')
  const outcomes = () => gateway.metric('sallyport_exchanges_total{route="sockets",outcome="tunnelled"}')
  const [closedBefore, outcomesBefore] = [await closed(), await outcomes()]
  const socket = await openSocket(t, gateway, text, '/counted', { perMessageDeflate: false })
  const open = await gateway.metric('sallyport_tunnels_open{upstream="legacy"}')
  t.ok(open >= 1)
  socket.send('x'.repeat(1000))
  await nextMessage(socket)
  socket.terminate()
  await until(() => settled().length > 0)
  await until(async () => (await gateway.metric('sallyport_tunnels_open{upstream="legacy"}')) === open - 1)
  const [line, ...more] = settled()
  t.same(more, [])
  t.match(line, {
    outcome: 'tunnelled',
    status: 101,
    route: 'sockets',
    subject: 'alice',
    // A frame of a thousand bytes has a head of four, and the client's a mask of four more.
    tunnel: { protocol: 'websocket', bytesReceived: 1008, bytesSent: 1004, endedBy: 'client' },
  })
  t.equal(await closed(), closedBefore + 1)
  t.equal(await outcomes(), outcomesBefore + 1)
})
