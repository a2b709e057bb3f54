/**
 * The gateway of `config/decision/sallyport.yaml`, in the test's own process: it decides for proxies, and its data plane
 * carries the same requests to the same service.
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../src/config/load-settings.ts'
import { startGateway } from '../../src/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { readKeyRing } from '../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../src/tokens/ports.ts'
import { openTokenStore } from '../../src/tokens/stores/open-token-store.ts'
import { freePort } from '../support/free-port.ts'
import { type Issue, newIssuer } from '../support/issuer.ts'
import type { Scope } from '../support/private-server.ts'

const example = join(import.meta.dirname, '../../config/decision/sallyport.yaml')

export interface DecidingGateway {
  /** Of the data plane. */
  readonly port: number
  readonly decisionPort: number
  readonly grpcPort: number
  readonly secret: string
  readonly store: TokenStore
  readonly issue: Issue
  readonly log: readonly Record<string, unknown>[]
  /** Idempotent. */
  close(): Promise<void>
}

/** Starts it; it is closed, and its folder removed, when the test is over. */
export async function startDecidingGateway(t: Scope, upstreamUrl: string): Promise<DecidingGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-deciding-'))
  const ring = newKeyRing(systemClock).reveal()
  const keyFile = join(folder, 'keys.json')
  writeFileSync(keyFile, ring, { mode: 0o600 })
  const secret = 'a-secret-of-a-proxy-with-32-characters-or-more'
  const decisionPort = await freePort()
  const grpcPort = await freePort()
  const loaded = loadSettings(example, {
    env: {
      SALLYPORT_PORT: '0',
      SALLYPORT_ADMIN_PORT: '0',
      SALLYPORT_DECISION_PORT: String(decisionPort),
      SALLYPORT_GRPC_PORT: String(grpcPort),
      SALLYPORT_SECRET: secret,
      SALLYPORT_KEY_FILE: keyFile,
      SALLYPORT_DATABASE: join(folder, 'tokens.db'),
      SALLYPORT_UPSTREAM: upstreamUrl,
    },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  // All tests have one address, and present many credentials that are bad.
  const settings = {
    ...loaded.settings,
    authentication: { failures: { attempts: 0 } },
  } as typeof loaded.settings
  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const gateway = await startGateway(settings, { clock: systemClock, logTo })
  const store = openTokenStore(settings.store, { sealer: readKeyRing(settings.keys) })
  const closing = { done: false }
  const close = async () => {
    if (closing.done) return
    closing.done = true
    await gateway.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  t.teardown(close)
  const issue = newIssuer(store, ring, systemClock)
  return { port: gateway.dataAddress.port, decisionPort, grpcPort, secret, store, issue, log, close }
}
