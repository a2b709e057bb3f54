/**
 * A whole gateway in the test's own process: real sockets, a real store (SQLite in a temporary folder unless
 * told otherwise), a key ring of its own, and ways to issue tokens and to read what it counted and logged.
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { type Settings, settings as settingsSchema } from '../../src/config/schema/settings.ts'
import { startGateway } from '../../src/gateway.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { readKeyRing } from '../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../src/tokens/ports.ts'
import { openTokenStore } from '../../src/tokens/stores/open-token-store.ts'
import { type Issue, newIssuer } from './issuer.ts'
import type { Scope } from './private-server.ts'
import { type PlainRequest, type RawAnswer, rawRequest, request } from './raw-request.ts'
import { readMetrics } from './read-metrics.ts'
import { openTestClient } from './upstream-client.ts'

export type { IssuedToken } from './issuer.ts'

type SettingsInput = z.input<typeof settingsSchema>

/** One upstream named `legacy` and the routes, and whatever else differs from the defaults. */
export type GatewayInput = Partial<Omit<SettingsInput, 'routes'>> & {
  readonly upstream: string
  readonly routes: readonly (Omit<SettingsInput['routes'][number], 'upstream' | 'name'> & {
    readonly name?: string
    readonly upstream?: string
  })[]
}

export interface TestGateway {
  readonly port: number
  readonly adminPort: number
  /** Where other proxies ask; fails where nobody may. */
  readonly decisionPort: number
  /** The same by gRPC. */
  readonly grpcPort: number
  /** A second handle on the gateway's store, as another process would have it. */
  readonly store: TokenStore
  /** Lines of the log so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** A personal token of subject `alice` with access `read-write`, unless told otherwise. */
  readonly issue: Issue
  request(plain: PlainRequest): Promise<RawAnswer>
  /** Bytes as they are, for what no client library would send. */
  raw(bytes: string | Buffer): Promise<RawAnswer>
  /** One sample of the metrics, by its whole name with labels as the text format writes them; 0 when absent. */
  metric(series: string): Promise<number>
  close(): Promise<void>
}

/** Starts it; it is closed, and its folder removed, when the test is over. */
export async function startTestGateway(
  t: Scope,
  { upstream, routes, ...input }: GatewayInput,
  clock: Clock = systemClock,
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-gateway-'))
  const ring = input.keys?.ring ?? newKeyRing(clock).reveal()
  const settings: Settings = settingsSchema.parse({
    keys: { ring },
    upstreams: { legacy: { url: upstream } },
    // All tests have one address, and ask for tokens until they are known; who tests the bound gives `authentication: {}`.
    authentication: { failures: { attempts: 0 } },
    ...input,
    store: {
      ...(input.store?.postgres ? {} : { sqlite: { path: join(folder, 'tokens.db') } }),
      ...input.store,
    },
    listen: { port: 0, ...input.listen },
    admin: { port: 0, ...input.admin },
    ...(input.decision && { decision: { port: 0, ...input.decision } }),
    routes: routes.map((route, index) => ({ name: `route-${index}`, upstream: 'legacy', ...route })),
  })
  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const gateway = await startGateway(settings, { clock, logTo, openClient: openTestClient })
  const store = openTokenStore(settings.store, { sealer: readKeyRing(settings.keys) })
  const close = async () => {
    await gateway.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  t.teardown(close)

  const { port } = gateway.dataAddress
  return {
    port,
    adminPort: gateway.adminAddress.port,
    get decisionPort() {
      if (gateway.decisionAddresses === undefined) throw new Error('nobody may ask this gateway')
      return gateway.decisionAddresses.http.port
    },
    get grpcPort() {
      const grpc = gateway.decisionAddresses?.grpc
      if (grpc === undefined) throw new Error('nobody may ask this gateway by gRPC')
      return grpc.port
    },
    store,
    log,
    issue: newIssuer(store, ring, clock),
    request: (plain) => request(port, plain),
    raw: (bytes) => rawRequest(port, bytes),
    metric: async (series) => (await readMetrics(gateway.adminAddress.port)).get(series) ?? 0,
    close,
  }
}
