/**
 * A gateway in a process of its own for measurements that go on for a while: its configuration can be written anew, its
 * tokens issued and revoked beside it, and what it takes of the machine be read each second.
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { settings as settingsSchema } from '../src/config/schema/settings.ts'
import { migrate } from '../src/database/migrate.ts'
import type { StorePlace } from '../src/database/which-store.ts'
import { systemClock } from '../src/lib/clock.ts'
import { parseKeyRing } from '../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../src/tokens/ports.ts'
import { openTokenStore } from '../src/tokens/stores/open-token-store.ts'
import { freePort } from '../test/support/free-port.ts'
import { type Issue, newIssuer } from '../test/support/issuer.ts'
import { type Scope, type Server, serverFolder, startServer } from '../test/support/private-server.ts'
import { request } from '../test/support/raw-request.ts'
import { readMetrics } from '../test/support/read-metrics.ts'

/** Ports, keys and record are added. */
export type Configuration = Pick<z.input<typeof settingsSchema>, 'upstreams' | 'routes'> &
  Partial<Omit<z.input<typeof settingsSchema>, 'admin' | 'keys' | 'store'>>

/** What a process takes at one moment. */
export interface Usage {
  readonly residentBytes: number
  readonly heapUsedBytes: number
  /** Memory outside the heap that objects hold, the bytes of buffers included. */
  readonly externalBytes: number
  readonly fileDescriptors: number
  /** Handles, requests and timers that libuv knows of. */
  readonly activeResources: number
  /** 99th percentile since the last reading. */
  readonly eventLoopDelayMs: number
  readonly exchangesInFlight: number
}

export interface GatewayProcess extends Server {
  readonly adminPort: number
  readonly record: TokenRecord
  readonly store: TokenStore
  readonly issue: Issue
  /** Puts a configuration in the place of the file; it is in force once its `reload` or the next two looks are done. */
  write(configuration: Configuration): void
  /** SIGHUP. */
  reload(): void
  usage(): Promise<Usage>
}

/** Where tokens are, and what they are sealed with. */
export interface TokenRecord {
  readonly place: StorePlace
  readonly ring: string
}

export interface StartOptions {
  /** Another gateway's, to be a second one of; an empty one unless given. */
  readonly record?: TokenRecord
  /** Of Node. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Compiled unless given, as it is installed; the sources are run with their types stripped as they load. */
  readonly from?: 'src' | 'dist'
}

/** Starts it on SQLite in a temporary folder; it is stopped with the scope. */
export async function startGatewayProcess(
  scope: Scope,
  first: Configuration,
  { record = newRecord(), flags = [], env = {}, from = 'dist' }: StartOptions = {},
): Promise<GatewayProcess> {
  const folder = serverFolder('gateway')
  const dataPort = await freePort()
  const adminPort = await freePort()
  const configFile = join(folder, 'sallyport.yaml')
  const keyFile = join(folder, 'keys.json')
  const { place, ring } = record
  const write = ({ listen, ...rest }: Configuration) => {
    // All clients have one address, and many of them present tokens that nobody knows.
    const unbounded = { authentication: { failures: { attempts: 0 } } }
    const limits = { connectionsPerClient: 0, ...listen?.limits }
    const own = {
      admin: { port: adminPort },
      keys: { file: keyFile },
      store: settingsOf(place),
      ...unbounded,
    }
    // Every JSON text is YAML.
    writeFileSync(
      configFile,
      JSON.stringify({ listen: { ...listen, limits, port: dataPort }, ...own, ...rest }),
    )
  }
  writeFileSync(keyFile, ring, { mode: 0o600 })
  write(first)
  await migrate(place)
  const store = openTokenStore(place, { sealer: parseKeyRing(ring) })
  scope.teardown(() => store.close())
  const main = join(import.meta.dirname, '..', from, from === 'dist' ? 'main.js' : 'main.ts')
  const server = await startServer({
    command: process.execPath,
    args: [...flags, main, 'serve', '--config', configFile],
    env: { NODE_ENV: 'production', ...env },
    url: `http://127.0.0.1:${dataPort}`,
    port: dataPort,
    folder,
    ready: async () => {
      const { status } = await request(adminPort, { path: '/readyz' })
      if (status !== 200) throw new Error(`not ready: ${status}`)
    },
  })
  scope.teardown(() => server.stop())
  return Object.defineProperties(
    { adminPort, record, store, issue: newIssuer(store, ring, systemClock), write } as GatewayProcess,
    {
      ...Object.getOwnPropertyDescriptors(server),
      reload: { value: () => process.kill(server.pid, 'SIGHUP') },
      usage: { value: () => usageOf(adminPort) },
    },
  )
}

/** The rest is as by default. */
function settingsOf({ postgres, sqlite }: StorePlace): z.input<typeof settingsSchema>['store'] {
  return postgres === undefined ? { sqlite } : { postgres: { url: postgres.url } }
}

/** An SQLite file in a temporary folder, and a key ring of its own. */
export function newRecord(): TokenRecord {
  const path = join(serverFolder('record'), 'tokens.sqlite')
  return { place: { sqlite: { path } }, ring: newKeyRing(systemClock).reveal() }
}

async function usageOf(adminPort: number): Promise<Usage> {
  const samples = await readMetrics(adminPort)
  const sample = (series: string) => samples.get(series) ?? Number.NaN
  return {
    residentBytes: sample('process_resident_memory_bytes'),
    heapUsedBytes: sample('nodejs_heap_size_used_bytes'),
    externalBytes: sample('nodejs_external_memory_bytes'),
    fileDescriptors: sample('process_open_fds'),
    activeResources: sample('nodejs_active_resources_total'),
    eventLoopDelayMs: sample('nodejs_eventloop_lag_p99_seconds') * 1000,
    exchangesInFlight: sample('sallyport_exchanges_in_flight'),
  }
}
