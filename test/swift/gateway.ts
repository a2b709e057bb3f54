/**
 * The gateway as the example `config/swift.yaml` has it, before a Swift: in the test's own process, with a key ring
 * and a record of its own, and a way through it for the tables of cases.
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../src/config/load-settings.ts'
import type { Settings } from '../../src/config/schema/settings.ts'
import { startGateway } from '../../src/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../src/tokens/ports.ts'
import { openTokenStore } from '../../src/tokens/stores/open-token-store.ts'
import { type Issue, newIssuer } from '../support/issuer.ts'
import type { Scope } from '../support/private-server.ts'
import { openTestClient } from '../support/upstream-client.ts'
import { directly, logIn, through, type Way } from './ways.ts'

export interface SwiftGateway {
  readonly port: number
  readonly adminPort: number
  /** Users log in through the gateway, once each, and present what it gave them. */
  readonly way: Way
  /** A second handle on the gateway's store, as another process would have it. */
  readonly store: TokenStore
  /** A personal token of subject `alice` with access `read-write`, unless told otherwise. */
  readonly issue: Issue
  /** Lines of the log so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** A session of its own at each call. */
  logIn(...login: Parameters<Way['token']>): Promise<string>
  close(): Promise<void>
}

export interface SwiftGatewayOptions {
  /** That of the whole run unless given. */
  readonly swiftUrl?: string
  /** The record of another gateway, of which this one is then a replica. */
  readonly replicaOf?: Installed
  /** SQLite unless given. */
  readonly postgresUrl?: string
  /** Changes what the file says. */
  readonly adjust?: (settings: Settings) => Settings
}

/** Where the gateways of one installation have their keys and their record. */
export interface Installed {
  readonly ring: string
  readonly environment: Readonly<Record<string, string>>
}

const example = join(import.meta.dirname, '../../config/swift.yaml')

/** Keys and an empty record in a temporary folder, which is removed when the test is over. */
export function installSwiftGateway(t: Scope): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-before-swift-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const ring = newKeyRing(systemClock).reveal()
  const keyFile = join(folder, 'keys.json')
  writeFileSync(keyFile, ring, { mode: 0o600 })
  return {
    ring,
    environment: {
      SALLYPORT_PORT: '0',
      SALLYPORT_ADMIN_PORT: '0',
      SALLYPORT_KEY_FILE: keyFile,
      SALLYPORT_STORE: join(folder, 'tokens.db'),
    },
  }
}

/** Starts it; it is closed when the test is over. */
export async function startSwiftGateway(
  t: Scope,
  { swiftUrl, replicaOf, postgresUrl, adjust = (settings) => settings }: SwiftGatewayOptions = {},
): Promise<SwiftGateway> {
  const { ring, environment } = replicaOf ?? installSwiftGateway(t)
  const url = swiftUrl ?? `http://127.0.0.1:${directly().port}`
  const loaded = loadSettings(example, { env: { ...environment, SWIFT_URL: url } })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  // Thousands of bad requests are compared with Swift's answers, which has no bound on them.
  const unbounded = { failures: { ...loaded.settings.authentication.failures, attempts: 0 } }
  const inPostgres = { ...loaded.settings.store, postgres: { url: postgresUrl }, sqlite: undefined }
  const settings = adjust({
    ...loaded.settings,
    authentication: unbounded,
    ...(postgresUrl !== undefined && { store: inPostgres as Settings['store'] }),
  })

  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const gateway = await startGateway(settings, { logTo, openClient: openTestClient })
  const store = openTokenStore(settings.store, { sealer: parseKeyRing(ring) })
  const close = async () => {
    await gateway.close()
    await store.close()
  }
  t.teardown(close)
  const { port } = gateway.dataAddress
  return {
    port,
    adminPort: gateway.adminAddress.port,
    way: through(port),
    store,
    issue: newIssuer(store, ring, systemClock),
    log,
    logIn: (user) => logIn(port, user),
    close,
  }
}
