/**
 * How tunnels begin and end: no byte is lost at the beginning, each side may end by itself, and a tunnel does not
 * outlive its token, its bounds, its gateway or the other end.
 * @module
 */

import { once } from 'node:events'
import t, { type Test } from 'tap'
import { actAt } from '../../support/act.ts'
import type { GatewayInput, TestGateway } from '../../support/gateway.ts'
import { until } from '../../support/until.ts'
import { promisedMs } from '../streams/open-streams.ts'
import {
  bytesOf,
  handshake,
  type RawClient,
  rawClient,
  startTunnels,
  switched,
  type TcpConnection,
  tcpUpstream,
  websocketRoutes,
} from './scene.ts'

const isOpen = /^HTTP\/1\.1 101 .*\r\n\r\n/s

/** An upstream that switches and says no more, and a gateway. */
async function scene(t: Test, input: Partial<GatewayInput> = {}) {
  const upstream = await tcpUpstream(t, (socket, head) => socket.write(switched(head)))
  const gateway = await startTunnels(t, upstream.url, input)
  const open = async (text: string): Promise<{ client: RawClient; far: TcpConnection }> => {
    const client = rawClient(t, gateway, bytesOf(handshake, text))
    await until(() => isOpen.test(client.received()))
    const far = upstream.connections.at(-1)
    if (far === undefined) throw new Error('nothing was dialled')
    return { client, far }
  }
  return { upstream, gateway, open }
}

const routesWith = (upgrade: { idle?: string; lifetime?: string }): GatewayInput['routes'] =>
  websocketRoutes.map((route) => ({ ...route, upgrade: { protocols: ['websocket'], ...upgrade } }))

const bothEnd = ({ client, far }: { client: RawClient; far: TcpConnection }, deadlineMs?: number) =>
  until(() => client.hasEnded() && (far.hasEnded() || far.socket.destroyed), deadlineMs)

/** Waits for the one tunnel that has ended; `open` others go on. */
async function endsAs(t: Test, gateway: TestGateway, expected: object, open = 0): Promise<void> {
  await until(() => gateway.log.some(({ tunnel }) => tunnel !== undefined))
  const lines = gateway.log.filter(({ tunnel }) => tunnel !== undefined)
  t.equal(lines.length, 1, 'settled once')
  t.match(lines[0], expected)
  t.equal(await gateway.metric('sallyport_exchanges_in_flight'), open)
  await until(async () => (await gateway.metric('sallyport_tunnels_open{upstream="legacy"}')) === open)
}

t.test('what came behind either head arrives, first and once', async (t) => {
  const upstream = await tcpUpstream(t, (socket, head) =>
    socket.write(`${switched(head)}early from upstream;`),
  )
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  const client = rawClient(t, gateway, bytesOf(handshake, text, 'early from client;'))
  await until(() => client.received().endsWith('early from upstream;'))
  client.socket.write('later')
  const [far] = upstream.connections
  await until(() => far?.received().endsWith('\r\n\r\nearly from client;later'))
  far?.socket.write('later')
  await until(() => client.received().endsWith('\r\n\r\nearly from upstream;later'))
})

t.test('nothing goes to the upstream behind the request until it has switched', async (t) => {
  const { promise, resolve } = Promise.withResolvers<() => void>()
  const upstream = await tcpUpstream(t, (socket, head) => resolve(() => socket.write(switched(head))))
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  const client = rawClient(t, gateway, bytesOf(handshake, text, 'one;'))
  const answer = await promise
  client.socket.write('x'.repeat(200_000))
  await until(() => client.socket.writableLength === 0 || client.socket.writableNeedDrain)
  const [far] = upstream.connections
  t.ok(far?.received().endsWith('\r\n\r\n'))
  answer()
  await until(() => far?.received().endsWith(`\r\n\r\none;${'x'.repeat(200_000)}`))
})

t.test('headers of the connection and of owners stay behind in a switch, too', async (t) => {
  const upstream = await tcpUpstream(t, (socket, head) =>
    socket.write(
      switched(head, {
        Connection: 'Upgrade, X-Hop',
        'X-Hop': '1',
        'Keep-Alive': 'timeout=5',
        'X-Container-Read': '.r:*',
        'Sec-WebSocket-Protocol': 'chat',
        'X-Kept': '1',
      }),
    ),
  )
  const gateway = await startTunnels(t, upstream.url)
  const { text } = await gateway.issue()
  const client = rawClient(t, gateway, bytesOf(handshake, text))
  await until(() => isOpen.test(client.received()))
  const lines = client.received().split('\r\n')
  t.same(
    lines.slice(1, -2).map((line) => line.replace(/: .*/, '')),
    ['Sec-WebSocket-Accept', 'Sec-WebSocket-Protocol', 'X-Kept', 'Connection', 'Upgrade'],
  )
  t.ok(lines.includes('Connection: Upgrade'))
})

for (const cause of ['revoked', 'expired', 'subject-disabled'] as const) {
  t.test(`a tunnel ends at both ends within a second when its token is ${cause}`, async (t) => {
    const { gateway, open } = await scene(t)
    const lasting = await open((await gateway.issue({ subject: 'bob' })).text)
    const { text, token } = await gateway.issue(cause === 'expired' ? { lifetimeMs: 1_500 } : {})
    const tunnel = await open(text)
    const at = Date.now()
    if (cause === 'revoked') await gateway.store.revokeToken(token.id, actAt(at))
    if (cause === 'subject-disabled') await gateway.store.setSubjectStatus('alice', 'disabled', actAt(at))
    const since = cause === 'expired' ? (token.expiresAt ?? 0) : at
    await bothEnd(tunnel)
    const tookMs = Date.now() - since
    t.ok(tookMs < promisedMs, `${tookMs} ms`)
    await endsAs(t, gateway, { outcome: 'revoked', reason: cause, tunnel: { endedBy: 'withdrawal' } }, 1)
    t.equal(lasting.client.hasEnded(), false, 'others go on')
  })
}

t.test('a client that ends its side still reads, and an upstream too', async (t) => {
  const { gateway, open } = await scene(t)
  const { text } = await gateway.issue()
  const { client, far } = await open(text)
  client.socket.end('last words')
  await until(far.hasEnded)
  t.ok(far.received().endsWith('last words'))
  far.socket.write('an answer;')
  await until(() => client.received().endsWith('an answer;'))
  t.equal(client.hasEnded(), false)
  far.socket.end('the end')
  await until(client.hasEnded)
  t.ok(client.received().endsWith('an answer;the end'))
  await endsAs(t, gateway, {
    outcome: 'tunnelled',
    tunnel: { bytesReceived: 10, bytesSent: 17, endedBy: 'client' },
  })

  const other = await open(text)
  other.far.socket.end('bye')
  await until(other.client.hasEnded)
  other.client.socket.write('heard you')
  await until(() => other.far.received().endsWith('heard you'))
  other.client.socket.end()
  await until(other.far.hasEnded)
})

t.test('an upstream that dies takes the client with it', async (t) => {
  const { gateway, open } = await scene(t)
  const tunnel = await open((await gateway.issue()).text)
  tunnel.far.socket.resetAndDestroy()
  await bothEnd(tunnel)
  await endsAs(t, gateway, { outcome: 'tunnelled', tunnel: { endedBy: 'upstream' } })
})

t.test('a client that dies takes the upstream with it', async (t) => {
  const { gateway, open } = await scene(t)
  const tunnel = await open((await gateway.issue()).text)
  tunnel.client.socket.resetAndDestroy()
  await bothEnd(tunnel)
  await endsAs(t, gateway, { outcome: 'tunnelled', tunnel: { endedBy: 'client' } })
})

t.test('a client that leaves before the answer ends what was dialled for it', async (t) => {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const upstream = await tcpUpstream(t, () => {})
    const gateway = await startTunnels(t, upstream.url)
    const { text } = await gateway.issue()
    const client = rawClient(t, gateway, bytesOf(handshake, text))
    await until(() => upstream.connections[0]?.received().includes('\r\n\r\n'))
    client.socket[leave]()
    await until(() => upstream.connections[0]?.hasEnded() || upstream.connections[0]?.socket.destroyed)
    await until(() => gateway.log.some(({ outcome }) => outcome === 'aborted'))
    await until(async () => (await gateway.metric('sallyport_tunnels_open{upstream="legacy"}')) === 0)
  }
})

t.test('a silent tunnel is closed after its idle time, and one that is not goes on', async (t) => {
  const { gateway, open } = await scene(t, { routes: routesWith({ idle: '400ms' }) })
  const { text } = await gateway.issue()
  const lively = await open(text)
  let sent = 0
  const chat = setInterval(() => (sent++ % 2 === 0 ? lively.client : lively.far).socket.write('.'), 50)
  t.teardown(() => clearInterval(chat))
  await bothEnd(await open(text))
  await endsAs(t, gateway, { outcome: 'tunnelled', tunnel: { endedBy: 'idle' } }, 1)
  t.equal(await gateway.metric('sallyport_tunnels_closed_total{cause="idle"}'), 1)
  await until(() => sent > 20)
  t.equal(lively.client.hasEnded(), false)
  clearInterval(chat)
  await bothEnd(lively)
})

t.test('a tunnel is closed when its lifetime is over, however lively it is', async (t) => {
  const { gateway, open } = await scene(t, { routes: routesWith({ lifetime: '500ms' }) })
  const tunnel = await open((await gateway.issue()).text)
  const chat = setInterval(() => tunnel.client.socket.write('.'), 20)
  t.teardown(() => clearInterval(chat))
  await bothEnd(tunnel)
  await endsAs(t, gateway, { outcome: 'tunnelled', tunnel: { endedBy: 'lifetime' } })
})

t.test('more tunnels than the upstream is allowed are 503, until one is free', async (t) => {
  const upstream = await tcpUpstream(t, (socket, head) => socket.write(switched(head)))
  const gateway = await startTunnels(t, upstream.url, {
    upstreams: { legacy: { url: upstream.url, connections: 1, queue: 0, tunnels: 2 } },
  })
  const { text } = await gateway.issue()
  const ask = () => rawClient(t, gateway, bytesOf(handshake, text))
  const clients = [ask()]
  await until(() => clients.every(({ received }) => isOpen.test(received())))
  clients.push(ask())
  await until(() => clients.every(({ received }) => isOpen.test(received())))
  const third = ask()
  await until(third.hasEnded)
  t.match(third.received(), /^HTTP\/1\.1 503 /)
  t.match(third.received(), 'upstream_busy')
  t.equal(upstream.connections.length, 2, 'the third was not dialled')
  clients[0]?.socket.resetAndDestroy()
  await until(async () => (await gateway.metric('sallyport_tunnels_open{upstream="legacy"}')) === 1)
  const fourth = ask()
  await until(() => isOpen.test(fourth.received()))
})

t.test(
  'a gateway that stops closes its tunnels when the time to drain is over, and not before',
  async (t) => {
    const { gateway, open } = await scene(t, { listen: { timeouts: { drain: '700ms' } } })
    const tunnel = await open((await gateway.issue()).text)
    const closed = gateway.close()
    tunnel.client.socket.write('still')
    await until(() => tunnel.far.received().endsWith('still'))
    t.equal(tunnel.client.hasEnded(), false)
    await closed
    await bothEnd(tunnel)
    const line = gateway.log.find(({ tunnel }) => tunnel !== undefined)
    t.match(line, { outcome: 'tunnelled', tunnel: { endedBy: 'drain' } })
  },
)

t.test('a reader that stops holds the sender back, and gets everything in the end', async (t) => {
  const { gateway, open } = await scene(t)
  const { client, far } = await open((await gateway.issue()).text)
  const piece = Buffer.alloc(64 * 1024, 'x')
  for (const [reader, writer] of [
    [client.socket, far.socket],
    [far.socket, client.socket],
  ] as const) {
    reader.pause()
    let sent = 0
    let received = 0
    reader.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    reader.pause()
    // The kernel takes some megabytes on each of the two ways; then the writer has to wait.
    let isHeldBack = false
    while (!isHeldBack && sent < 256 * 1024 * 1024) {
      sent += piece.length
      if (writer.write(piece)) continue
      isHeldBack = await Promise.race([
        once(writer, 'drain').then(() => false),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 500)),
      ])
    }
    t.ok(isHeldBack, `held back after ${sent >> 20} MiB`)
    t.ok(sent < 64 * 1024 * 1024)
    reader.resume()
    await until(() => received === sent)
  }
})
