/**
 * A real OpenStack Swift for tests: one device, one replica, TempAuth in front, all in one temporary folder.
 * These are the servers as Debian packages them, unmodified; nothing outside the folder is written.
 * @module
 */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { type Server, serverFolder, startServer } from './private-server.ts'
import { findProgram } from './run-process.ts'
import { proxyConf, type StorageServer, type SwiftOptions, storageConf, swiftConf } from './swift-config.ts'

export interface Swift {
  /** Of the proxy: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  /** Holds the tokens of TempAuth and what the proxy remembers of accounts: a restart forgets both. */
  readonly memcached: Server
  /** Ends all five servers and removes the folder. Idempotent. */
  stop(): Promise<void>
}

// Debian's own, which has the modules; PATH may put another before it.
const python = '/usr/bin/python3'

// The servers read /etc/swift/swift.conf unless another folder is set before their modules load.
const serveFrom = `
import runpy, sys
from swift.common.utils import set_swift_dir
set_swift_dir(sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')`

// One process for three rings; swift-ring-builder would take nine.
const buildRings = `
import sys
from swift.common.ring import RingBuilder
for name, port in zip(sys.argv[2::2], sys.argv[3::2]):
    builder = RingBuilder(4, 1, 0)
    builder.add_dev(dict(region=1, zone=1, ip='127.0.0.1', port=int(port), device='device', weight=1))
    builder.rebalance()
    builder.get_ring().save('%s/%s.ring.gz' % (sys.argv[1], name))`

/** Starts it on free ports and waits until it answers. Throws when its packages are not installed. */
export async function startSwift(options: SwiftOptions = {}): Promise<Swift> {
  const folder = serverFolder('swift')
  const started: Server[] = []
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const memcached = await startMemcached()
    started.push(memcached)
    const [proxy, ...storage] = await configure(folder, memcached.port, options)
    const starting = [proxy, ...storage].map(async ([name, port]) => {
      started.push(await startOne(name, port, folder))
    })
    // All of them have started or failed before anything is stopped.
    await Promise.allSettled(starting)
    await Promise.all(starting)
    return { url: `http://127.0.0.1:${proxy[1]}`, port: proxy[1], memcached, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Placed = readonly [name: StorageServer | 'proxy', port: number]

/** Writes rings and configuration; yields which servers are to run where, the proxy first. */
async function configure(
  folder: string,
  memcachedPort: number,
  options: SwiftOptions,
): Promise<[Placed, ...Placed[]]> {
  const etc = join(folder, 'etc')
  for (const path of [etc, join(folder, 'devices/device')]) mkdirSync(path, { recursive: true })
  const names = ['account', 'container', 'object'] as const
  const storage = await Promise.all(names.map(async (name) => [name, await freePort()] as const))
  const proxyPort = await freePort()
  writeFileSync(join(etc, 'swift.conf'), swiftConf)
  writeFileSync(join(etc, 'proxy-server.conf'), proxyConf(proxyPort, memcachedPort, folder, options))
  for (const [name, port] of storage) {
    writeFileSync(join(etc, `${name}-server.conf`), storageConf(name, port, folder))
  }
  await promisify(execFile)(python, ['-c', buildRings, etc, ...storage.flat().map(String)])
  return [['proxy', proxyPort], ...storage]
}

function startOne(name: Placed[0], port: number, folder: string): Promise<Server> {
  const etc = join(folder, 'etc')
  const own = join(folder, name)
  mkdirSync(own)
  const program = installed(`swift-${name}-server`)
  return startServer({
    command: python,
    args: ['-c', serveFrom, etc, program, join(etc, `${name}-server.conf`)],
    cwd: own,
    url: `http://127.0.0.1:${port}`,
    port,
    folder: own,
    ready: () => accepts(port),
  })
}

async function startMemcached(): Promise<Server> {
  const folder = serverFolder('memcached')
  const port = await freePort()
  return startServer({
    command: installed('memcached'),
    args: ['-u', 'nobody', '-l', '127.0.0.1', '-p', String(port)],
    url: `memcached://127.0.0.1:${port}`,
    port,
    folder,
    ready: () => accepts(port),
  })
}

function installed(program: string): string {
  const path = findProgram(program)
  if (path === undefined) throw new Error(`${program} is not installed: run \`npm run test:swift\``)
  return path
}

async function accepts(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
