/**
 * How many connections one client may hold: beyond that its own are closed unread, and nobody else notices.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { ClientConnections } from '../../../src/listen/client-connections.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { requestLines } from '../gateway/refusal-checks.ts'
import { type Conversation, converse, get } from './conversation.ts'

const refusedByClient = 'sallyport_connections_refused_total{limit="client"}'
const refusedByAll = 'sallyport_connections_refused_total{limit="all"}'
const open = 'sallyport_connections_open'

const certificates = join(import.meta.dirname, '../../support/certificates')
const serviceCertificate = {
  cert: readFileSync(join(certificates, 'service.pem')),
  key: readFileSync(join(certificates, 'service.key')),
}

async function start(t: Test, limits: object, trustedProxies: string[] = []) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    clientAddress: { trustedProxies },
    listen: { limits },
    routes: [{ match: { path: '/{one}' }, authorize: { public: true } }],
  })
  const connect = (address: string) => converse(t, gateway.port, address)
  // No more at once than the kernel lets wait to be accepted.
  const connectAll = async (count: number, address: string) => {
    const all: Conversation[] = []
    while (all.length < count) {
      const batch = Array.from({ length: Math.min(100, count - all.length) }, () => connect(address))
      all.push(...(await Promise.all(batch)))
    }
    return all
  }
  return { upstream, gateway, connect, connectAll }
}

t.test('the 1,001st connection of a client is closed unread, and another client is served', async (t) => {
  const { upstream, gateway, connect, connectAll } = await start(t, {})
  const greedy = await connectAll(1_000, '127.0.0.2')
  await until(async () => (await gateway.metric(open)) === 1_000)
  const tooMany = await connectAll(20, '127.0.0.2')
  for (const { socket } of tooMany) socket.write(get('/too-many'), 'latin1')
  await until(() => tooMany.every(({ isClosed }) => isClosed))
  t.ok(
    tooMany.every(({ socket }) => socket.bytesRead === 0),
    'without a word',
  )
  t.equal(await gateway.metric(refusedByClient), 20)
  t.equal(await gateway.metric(open), 1_000)

  const other = await connect('127.0.0.3')
  t.equal((await other.ask(get('/other'))).status, 200)
  t.equal((await greedy[0]?.ask(get('/held')))?.status, 200, 'those that it holds go on')
  t.same(
    upstream.requests.map(({ target }) => target),
    ['/other', '/held'],
  )
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  t.equal(requestLines(gateway).length, 2, 'nothing is logged for those that were closed')
})

t.test('a connection that was closed makes room for another one', async (t) => {
  const { gateway, connect, connectAll } = await start(t, { connectionsPerClient: 2 })
  for (let round = 1; round <= 3; round++) {
    const held = await connectAll(2, '127.0.0.2')
    await until(async () => (await gateway.metric(open)) === 2)
    const third = await connect('127.0.0.2')
    await until(() => third.isClosed)
    t.equal(await gateway.metric(refusedByClient), round)
    for (const conversation of held) {
      t.equal((await conversation.ask(get('/x'))).status, 200)
      conversation.socket.destroy()
    }
    await until(async () => (await gateway.metric(open)) === 0)
  }
})

t.test('a trusted proxy carries many clients, and is not counted as one', async (t) => {
  const { gateway, connect, connectAll } = await start(t, { connectionsPerClient: 1 }, ['127.0.0.8/30'])
  const proxied = await connectAll(10, '127.0.0.9')
  for (const conversation of proxied) t.equal((await conversation.ask(get('/x'))).status, 200)
  t.equal(await gateway.metric(refusedByClient), 0)
  t.equal(await gateway.metric(open), 10)

  const [first, second] = [await connect('127.0.0.2'), await connect('127.0.0.2')]
  await until(() => second.isClosed)
  t.equal((await first.ask(get('/x'))).status, 200)
  t.equal(await gateway.metric(refusedByClient), 1, 'anybody else is')
})

t.test('what the bound of all clients together closes is counted, too', async (t) => {
  const limits = { connections: 4, connectionsPerClient: 3 }
  const { gateway, connect, connectAll } = await start(t, limits)
  const greedy = await connectAll(5, '127.0.0.2')
  await until(async () => (await gateway.metric(refusedByClient)) === 2)
  await until(() => greedy.filter(({ isClosed }) => isClosed).length === 2)
  const other = await connect('127.0.0.3')
  t.equal((await other.ask(get('/x'))).status, 200, 'a greedy client leaves room')
  const last = await connect('127.0.0.4')
  await until(() => last.isClosed)
  t.equal(last.socket.bytesRead, 0)
  t.equal(await gateway.metric(refusedByAll), 1)
  t.equal(await gateway.metric(open), 4)
})

t.test('0 is no bound', async (t) => {
  const { gateway, connectAll } = await start(t, { connectionsPerClient: 0 })
  const many = await connectAll(1_100, '127.0.0.2')
  await until(async () => (await gateway.metric(open)) === 1_100)
  t.ok(many.every(({ isClosed }) => !isClosed))
})

t.test('the bound holds over several servers together, before a handshake of TLS', async (t) => {
  const counts = { opened: 0, closed: 0, refused: 0 }
  const connections = new ClientConnections({
    max: 2,
    isExempt: () => false,
    metrics: {
      connectionOpened: () => counts.opened++,
      connectionClosed: () => counts.closed++,
      connectionRefused: () => counts.refused++,
    },
  })
  const heard: string[] = []
  const plain = createServer((socket) => socket.on('error', () => {}).once('data', () => heard.push('plain')))
  const tls = createTlsServer(serviceCertificate)
  tls.on('secureConnection', (socket) => socket.on('error', () => {}))
  tls.on('tlsClientError', () => heard.push('tls'))
  const ports: number[] = []
  for (const server of [plain, tls]) {
    connections.guard(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => server.close())
    ports.push((server.address() as AddressInfo).port)
  }
  const [plainPort = 0, tlsPort = 0] = ports
  const first = await converse(t, plainPort)
  const second = await converse(t, tlsPort)
  await until(() => counts.opened === 2)
  for (const port of ports) {
    const refused = await converse(t, port)
    refused.socket.write('anything')
    await until(() => refused.isClosed)
  }
  t.match(counts, { opened: 2, closed: 0, refused: 2 })
  t.same(heard, [], 'nobody read what they sent')
  first.socket.write('hello')
  second.socket.write('no handshake')
  await until(() => heard.length === 2)
  t.same(heard.toSorted(), ['plain', 'tls'])
  first.socket.destroy()
  await until(() => counts.closed === 2)

  const secured = connectTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false })
  await once(secured, 'secureConnect')
  t.match(counts, { opened: 3, closed: 2 }, 'whoever is let in gets its handshake')
  secured.destroy()
  await until(() => counts.closed === 3)
})
