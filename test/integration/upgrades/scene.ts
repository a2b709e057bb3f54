/**
 * A gateway that lets one route switch to WebSocket, between real clients and a real server of that protocol, or one
 * that the test writes byte by byte.
 * @module
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'

/** What every test here allows, on all paths but `/plain/…`. */
export const websocketRoutes: GatewayInput['routes'] = [
  { name: 'plain', match: { path: '/plain/{path*}' } },
  {
    name: 'sockets',
    match: { path: '/{path*}' },
    credentials: ['bearer', { query: 'token' }],
    authorize: { access: 'read-only' },
    upgrade: { protocols: ['websocket'] },
  },
]

export interface SocketUpstream {
  readonly url: string
  readonly server: WebSocketServer
  /** TCP connections so far. */
  readonly connections: number
  /** Requests that asked for a switch, in the order of their coming. */
  readonly upgrades: readonly IncomingMessage[]
  /** Requests that did not. */
  readonly requests: readonly IncomingMessage[]
}

/** A WebSocket server that sends every message back as it came. Plain requests are answered 200 `plain`. */
export async function echoUpstream(t: Scope, options: ServerOptions = {}): Promise<SocketUpstream> {
  const upgrades: IncomingMessage[] = []
  const requests: IncomingMessage[] = []
  let connections = 0
  const http = createServer((request, response) => {
    requests.push(request)
    response.end('plain')
  })
  const server = new WebSocketServer({ noServer: true, maxPayload: 8 * 1024 * 1024, ...options })
  http.on('connection', () => connections++)
  http.on('upgrade', (request, socket, head) => {
    upgrades.push(request)
    server.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {})
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
      server.emit('connection', client, request)
    })
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    http.closeAllConnections()
    http.close()
  })
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    server,
    upgrades,
    requests,
    get connections() {
      return connections
    },
  }
}

export interface TcpUpstream {
  readonly url: string
  readonly connections: readonly TcpConnection[]
}

export interface TcpConnection {
  readonly socket: Socket
  /** All that came, as latin-1. */
  received(): string
  readonly hasEnded: () => boolean
}

/** A server that says what the test says. `onHead` is called when the head of the first request is complete. */
export async function tcpUpstream(
  t: Scope,
  onHead: (socket: Socket, head: string) => void,
): Promise<TcpUpstream> {
  const connections: TcpConnection[] = []
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    let received = ''
    let hasEnded = false
    connections.push({ socket, received: () => received, hasEnded: () => hasEnded })
    socket.on('error', () => {})
    socket.on('end', () => {
      hasEnded = true
    })
    socket.on('data', (bytes: Buffer) => {
      const hadHead = received.includes('\r\n\r\n')
      received += bytes.toString('latin1')
      if (!hadHead && received.includes('\r\n\r\n')) onHead(socket, received)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const { socket } of connections) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections }
}

/** The answer of a server that switches, as `head` asks; lines that are given replace those of their names. */
export function switched(head: string, replaced: Readonly<Record<string, string>> = {}): string {
  const lines = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Accept': acceptOf(head),
    ...replaced,
  }
  const text = Object.entries(lines).map(([name, value]) => (value === '' ? '' : `${name}: ${value}\r\n`))
  return `HTTP/1.1 101 Switching Protocols\r\n${text.join('')}\r\n`
}

function acceptOf(head: string): string {
  const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(head) ?? []
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** Starts the gateway. Whatever is left when its test is over is closed at once. */
export function startTunnels(
  t: Scope,
  upstream: string,
  input: Partial<GatewayInput> = {},
): Promise<TestGateway> {
  const listen = { timeouts: { drain: '0s' } }
  return startTestGateway(t, { upstream, routes: websocketRoutes, listen, ...input })
}

/** A client's socket, once it is open. Rejects with the status where the answer is no switch. */
export async function openSocket(
  t: Scope,
  { port }: TestGateway,
  text: string | undefined,
  path = '/chat',
  options: ClientOptions & { readonly protocols?: string[] } = {},
): Promise<WebSocket> {
  const { protocols = [], ...rest } = options
  const headers = { ...(text && { authorization: `Bearer ${text}` }), ...rest.headers }
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { ...rest, headers })
  t.teardown(() => socket.terminate())
  const opened = Promise.withResolvers<void>()
  socket.on('open', opened.resolve)
  socket.on('error', opened.reject)
  socket.on('unexpected-response', (_request, response) => {
    opened.reject(new UnexpectedAnswer(response))
    response.resume()
  })
  await opened.promise
  return socket
}

/** The answer to a request that should have been a switch. */
export class UnexpectedAnswer extends Error {
  readonly response: IncomingMessage

  constructor(response: IncomingMessage) {
    super(`answered ${response.statusCode}`)
    this.response = response
  }
}

/** The next message of a socket. */
export async function nextMessage(socket: WebSocket): Promise<Buffer> {
  const [data] = await once(socket, 'message')
  return data as Buffer
}

/** Lines of a request for a WebSocket, without the credential. */
export const handshake = [
  'GET /chat HTTP/1.1',
  'Host: gate.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
] as const

export interface RawClient {
  readonly socket: Socket
  /** All that came, as latin-1. */
  readonly received: () => string
  readonly hasEnded: () => boolean
}

/** A connection that sends these bytes, and stays open for more. */
export function rawClient(t: Scope, { port }: TestGateway, bytes: string): RawClient {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  let received = ''
  let hasEnded = false
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('end', () => {
    hasEnded = true
  })
  socket.on('close', () => {
    hasEnded = true
  })
  socket.write(bytes, 'latin1')
  return { socket, received: () => received, hasEnded: () => hasEnded }
}

/** Head and credential as bytes. */
export function bytesOf(lines: readonly string[], text: string, behind = ''): string {
  return `${[...lines, `Authorization: Bearer ${text}`].join('\r\n')}\r\n\r\n${behind}`
}
