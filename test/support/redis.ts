/**
 * A real Redis for tests: private servers that can be killed and frozen, and the one that the whole run shares.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort } from './free-port.ts'
import { type Server, serverFolder, startServer } from './private-server.ts'
import { findProgram } from './run-process.ts'

export interface RedisOptions {
  /** More arguments of redis-server: `['--maxmemory', '1mb']`. */
  readonly args?: readonly string[]
}

/** Starts a private server that keeps nothing on disk. Throws when Redis is not installed. */
export async function startRedis({ args = [] }: RedisOptions = {}): Promise<Server> {
  const command = findProgram('redis-server')
  if (command === undefined) throw new Error('redis-server is not installed')
  const folder = serverFolder('redis')
  const port = await freePort()
  return startServer({
    command,
    args: [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
      ...args,
    ],
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    ready: () => pingRedis(port),
  })
}

/** URL of the server that the run shares. Tests keep apart by random key prefixes. */
export function sharedRedisUrl(): string {
  const url = process.env.REDIS_URL
  if (url === undefined) throw new Error('REDIS_URL is not set: run `npm test -- FILE`')
  return url
}

/** Any reply will do, one that asks for a password included. */
export async function pingRedis(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    await once(socket, 'data', { signal: AbortSignal.timeout(1_000) })
  } finally {
    socket.destroy()
  }
}
