/**
 * The kinds of clients of a soak: ordinary ones, refused ones, and those that leave, break off, read slowly or hold on.
 * @module
 */

import type { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { within } from '../../src/lib/within.ts'
import { newTokenText } from '../../src/tokens/token-text.ts'
import type { GatewayProcess } from '../gateway-process.ts'
import { ask, ended, headOf, openSocket } from './client.ts'

/** What all clients share. */
export interface Scene {
  readonly port: number
  readonly gateway: Pick<GatewayProcess, 'issue' | 'store'>
  /** Keeps connections. */
  readonly agent: Agent
  /** May read and write. */
  readonly token: string
  /** May only read. */
  readonly readOnlyToken: string
}

export interface Kind {
  readonly name: string
  /** Clients of this kind at once. */
  readonly clients: number
  /** Between two turns of a client. */
  readonly pauseMs: number
  /** One turn. Rejects when anything is otherwise than this kind expects. */
  readonly turn: (scene: Scene) => Promise<void>
}

const small = 65_536
const large = 1_048_576
const smallBody = Buffer.alloc(small, 'u')
const largeBody = Buffer.alloc(large, 'u')
/** Without Redis a revocation reaches the gateway by a poll. */
const revocationMsMax = 5_000

function download(name: string, bytes: number, clients: number, pauseMs: number): Kind {
  return {
    name,
    clients,
    pauseMs,
    turn: (scene) => ask({ ...scene, path: `/legacy/bytes/${bytes}` }, 200, bytes),
  }
}

function upload(name: string, body: Buffer, clients: number, pauseMs: number): Kind {
  return {
    name,
    clients,
    pauseMs,
    turn: (scene) => ask({ ...scene, method: 'PUT', path: '/legacy/sink', body }, 200),
  }
}

export const unknownToken: Kind = {
  name: 'an unknown token',
  clients: 2,
  pauseMs: 10,
  turn: (scene) =>
    ask({ ...scene, path: '/legacy/bytes/300', token: newTokenText('personal').reveal() }, 401),
}

export const kinds: readonly Kind[] = [
  download('a known token', 300, 12, 4),
  {
    name: 'an upstream that reloads replace',
    clients: 4,
    pauseMs: 10,
    turn: (scene) => ask({ ...scene, path: '/turning/bytes/300' }, 200, 300),
  },
  unknownToken,
  {
    name: 'no token',
    clients: 1,
    pauseMs: 10,
    turn: (scene) => ask({ ...scene, path: '/legacy/bytes/300', token: undefined }, 401),
  },
  {
    name: 'a token that may not',
    clients: 1,
    pauseMs: 20,
    turn: (scene) =>
      ask(
        { ...scene, method: 'PUT', path: '/legacy/sink', token: scene.readOnlyToken, body: smallBody },
        403,
      ),
  },
  { name: 'no HTTP', clients: 1, pauseMs: 50, turn: ({ port }) => sendNonsense(port) },
  { name: 'half a head', clients: 1, pauseMs: 50, turn: ({ port }) => leaveInHead(port) },
  download('64 KiB down', small, 2, 20),
  download('1 MiB down', large, 2, 100),
  upload('64 KiB up', smallBody, 2, 20),
  upload('1 MiB up', largeBody, 2, 100),
  { name: 'leaves in the answer', clients: 2, pauseMs: 50, turn: leaveInAnswer },
  { name: 'leaves in the body', clients: 2, pauseMs: 50, turn: leaveInBody },
  { name: 'reads slowly', clients: 4, pauseMs: 100, turn: readSlowly },
  {
    name: 'an upstream that is down',
    clients: 1,
    pauseMs: 50,
    turn: (scene) => ask({ ...scene, path: '/down/bytes/300' }, 502),
  },
  {
    name: 'an upstream that hangs up',
    clients: 1,
    pauseMs: 50,
    turn: (scene) => ask({ ...scene, path: '/legacy/hangup' }, 502),
  },
  {
    name: 'an answer that breaks off',
    clients: 1,
    pauseMs: 50,
    turn: async (scene) => ended(await headOf({ ...scene, path: '/legacy/broken' })),
  },
  { name: 'an event stream', clients: 20, pauseMs: 50, turn: listen },
  { name: 'a WebSocket', clients: 10, pauseMs: 50, turn: converse },
  { name: 'a token issued and revoked', clients: 2, pauseMs: 500, turn: issueAndRevoke },
]

async function sendNonsense(port: number): Promise<void> {
  const socket = await openSocket(port, 'EHLO example\r\n\r\n')
  for await (const piece of socket) {
    if (!String(piece).startsWith('HTTP/1.1 400')) throw new Error(`nonsense is answered ${piece}`)
  }
}

async function leaveInHead(port: number): Promise<void> {
  const socket = await openSocket(port, 'GET / HTTP/1.1\r\nHost: a\r\nX-')
  await sleep(20)
  socket.destroy()
}

async function leaveInAnswer(scene: Scene): Promise<void> {
  const incoming = await headOf({ ...scene, path: `/legacy/bytes/${large}` })
  const over = ended(incoming)
  incoming.once('data', () => incoming.destroy())
  await over
}

async function leaveInBody({ port, token }: Scene): Promise<void> {
  const lines = ['PUT /legacy/sink HTTP/1.1', 'Host: a', `Authorization: Bearer ${token}`]
  const socket = await openSocket(port, `${lines.join('\r\n')}\r\nContent-Length: ${large}\r\n\r\n`)
  socket.write(smallBody)
  await sleep(30)
  socket.destroy()
}

/** More than the buffers of the system hold, so that the upstream has to wait for this client. */
async function readSlowly({ port, token }: Scene): Promise<void> {
  const length = 8 * large
  const lines = [`GET /legacy/bytes/${length} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${token}`]
  const socket = await openSocket(port, `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  let received = 0
  for await (const piece of socket) {
    received += (piece as Buffer).length
    if (received < large) await sleep(100)
  }
  if (received < length) throw new Error(`a slow reader got ${received} bytes`)
}

async function listen(scene: Scene): Promise<void> {
  const incoming = await headOf({ ...scene, path: '/legacy/events' })
  const over = ended(incoming)
  if (incoming.statusCode !== 200) throw new Error(`an event stream: ${incoming.statusCode}`)
  await sleep(1_000 + Math.random() * 3_000)
  if (incoming.destroyed) throw new Error('an event stream broke off')
  incoming.destroy()
  await over
}

async function converse({ port, token }: Scene): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/legacy/live`, { headers })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let echoes = 0
  socket.on('error', reject).on('close', resolve)
  socket.on('open', () => socket.send('message 0'))
  socket.on('message', async (data) => {
    if (String(data) !== `message ${echoes}`) reject(new Error(`echo ${data}`))
    echoes++
    await sleep(100)
    if (echoes < 10) socket.send(`message ${echoes}`)
    else if (Math.random() < 0.5) socket.close()
    else socket.terminate()
  })
  await promise
  if (echoes < 10) throw new Error(`a WebSocket closed after ${echoes} echoes`)
}

/** A stream of the token ends with it. */
async function issueAndRevoke(scene: Scene): Promise<void> {
  const { text, token } = await scene.gateway.issue()
  const asked = { ...scene, token: text }
  await ask({ ...asked, path: '/legacy/bytes/300' }, 200, 300)
  const over = ended(await headOf({ ...asked, path: '/legacy/events' }))
  const act = { at: Date.now(), by: 'soak', origin: 'soak', cause: '' }
  await scene.gateway.store.revokeToken(token.id, act)
  await within(revocationMsMax, over)
  await ask({ ...asked, path: '/legacy/bytes/300' }, 401)
}
