/**
 * HTTP/1.1 over TLS is the same as without: requests, refusals, upgrades, expectations, and the end of connections.
 * @module
 */

import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { authority, serviceTls } from '../../support/http2-client.ts'
import type { Scope } from '../../support/private-server.ts'
import { until } from '../../support/until.ts'
import { startWire, type WireInput } from '../../wire/wire.ts'

const start = (t: Scope, { listen, ...input }: WireInput = {}) =>
  startWire(t, { ...input, listen: { tls: serviceTls, ...listen } })

async function connectHttp1(t: Scope, port: number, options: object = {}): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority, servername: 'service.test', ...options })
  t.teardown(() => socket.destroy())
  const connection = { socket, received: '', isClosed: false }
  socket.setEncoding('latin1').on('data', (text) => {
    connection.received += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    connection.isClosed = true
  })
  await once(socket, 'secureConnect')
  return connection
}

interface Connection {
  readonly socket: TLSSocket
  received: string
  isClosed: boolean
}

const get = 'GET /a HTTP/1.1\r\nHost: service.test\r\n'

t.test('requests and refusals come one after another on one connection', async (t) => {
  const wire = await start(t)
  for (const ALPNProtocols of [undefined, ['http/1.1'], ['http/1.1', 'h2']]) {
    const connection = await connectHttp1(t, wire.gateway.port, { ALPNProtocols: ALPNProtocols?.slice(0, 1) })
    connection.socket.write(`${get}${wire.credential}\r\n\r\n`)
    await until(() => connection.received.endsWith('ok'))
    t.match(connection.received, /^HTTP\/1\.1 200 OK\r\n/)
    connection.received = ''
    connection.socket.write(`${get}\r\n`)
    await until(() => connection.received.includes('credential_required'))
    t.match(connection.received, /^HTTP\/1\.1 401 /)
    t.notOk(connection.isClosed)
  }
  t.strictSame(wire.upstream.requests[0]?.header('x-forwarded-proto'), ['https'])
})

t.test('what is not HTTP is refused on the socket, within TLS', async (t) => {
  const wire = await start(t)
  for (const bytes of [
    'no http\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
  ]) {
    const connection = await connectHttp1(t, wire.gateway.port)
    connection.socket.write(bytes)
    await until(() => connection.isClosed)
    t.match(connection.received, /^HTTP\/1\.1 (400|501) /, bytes)
    t.match(connection.received, /connection: close/)
  }
  t.equal(wire.upstream.requests.length, 0)
})

t.test('«100 Continue» and early hints are passed on', async (t) => {
  const wire = await start(t)
  const connection = await connectHttp1(t, wire.gateway.port)
  const head = 'POST /a HTTP/1.1\r\nHost: service.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n'
  connection.socket.write(`${head}${wire.credential}\r\n\r\n`)
  await until(() => connection.received.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
  connection.socket.write('body')
  await until(() => connection.received.endsWith('ok'))
  t.equal(String(wire.upstream.requests[0]?.body), 'body')
})

t.test('a WebSocket goes through', async (t) => {
  const echo = new WebSocketServer({ noServer: true })
  echo.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)))
  const wire = await start(t, {
    routes: [{ match: { path: '/{path*}' }, upgrade: { protocols: ['websocket'] } }],
    upstreamOptions: {
      upgrade: (request, socket, head) =>
        echo.handleUpgrade(asIncoming(request), socket as never, head, (client) =>
          echo.emit('connection', client),
        ),
    },
  })
  const client = new WebSocket(`wss://127.0.0.1:${wire.gateway.port}/ws`, [], {
    // The name of the certificate is not that of the address, and other tests verify it.
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${wire.token}` },
  })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  client.send('hello')
  const [message] = await once(client, 'message')
  t.equal(String(message), 'echo hello')
  client.close()
  await until(() => wire.gateway.log.some(({ outcome }) => outcome === 'tunnelled'))
})

t.test('a slow head is refused in time, and an idle connection is closed', async (t) => {
  const wire = await start(t, { listen: { tls: serviceTls, timeouts: { headers: '1s', keepAlive: '1s' } } })
  const slow = await connectHttp1(t, wire.gateway.port)
  slow.socket.write('GET /a HTTP/1.1\r\n')
  const idle = await connectHttp1(t, wire.gateway.port)
  idle.socket.write(`${get}${wire.credential}\r\n\r\n`)
  await until(() => slow.isClosed && idle.isClosed)
  t.match(slow.received, /^HTTP\/1\.1 408 /)
  t.match(idle.received, /^HTTP\/1\.1 200 /)
})

t.test('answers say goodbye while the gateway drains', async (t) => {
  const wire = await start(t, { listen: { tls: serviceTls, timeouts: { drainDelay: '1s' } } })
  const connection = await connectHttp1(t, wire.gateway.port)
  connection.socket.write(`${get}${wire.credential}\r\n\r\n`)
  await until(() => connection.received.endsWith('ok'))
  const closed = wire.gateway.close()
  connection.received = ''
  connection.socket.write(`${get}${wire.credential}\r\n\r\n`)
  await closed
  t.match(connection.received, /connection: close/i)
  t.ok(connection.isClosed)
})

t.test('without HTTP/2 in the settings none is spoken', async (t) => {
  const wire = await start(t, { listen: { tls: { ...serviceTls, http2: false } } })
  const connection = await connectHttp1(t, wire.gateway.port, { ALPNProtocols: ['h2', 'http/1.1'] })
  t.equal(connection.socket.alpnProtocol, 'http/1.1')
  await t.rejects(connectHttp1(t, wire.gateway.port, { ALPNProtocols: ['h2'] }))
})

/** As much of a request as the handshake of a WebSocket reads. */
function asIncoming({
  method,
  headers,
}: {
  method: string
  headers: readonly (readonly [string, string])[]
}): never {
  const fields = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  return { method, headers: fields } as never
}
