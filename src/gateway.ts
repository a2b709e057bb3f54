/**
 * The composition root: builds every adapter, hands each stage its slice, and closes all of it in reverse
 * order. A gateway either starts whole or not at all.
 * @module
 */

import { startAdmin } from './admin/admin-server.ts'
import type { ReadinessProbe } from './admin/readiness.ts'
import { processOrigin } from './audit/origin.ts'
import { credentialHeadersOf, queryParametersOf } from './authenticate/extract-credential.ts'
import { compileClientAddress } from './client-address/client-address.ts'
import type { Report } from './config/problems.ts'
import type { Settings } from './config/schema/settings.ts'
import { type OpenClient, openClient, openUpstream, type Upstream } from './forward/upstreams.ts'
import { watchUpstreams } from './forward/watch-upstreams.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { openDataPlane } from './listen/data-plane.ts'
import { sendRefusal } from './listen/send-refusal.ts'
import { createLog, type Log } from './observability/log.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { compileRedaction, type Redaction } from './observability/redaction.ts'
import { openServices } from './open-services.ts'
import { openTokens } from './open-tokens.ts'
import { ServiceDesk } from './profiles/services.ts'
import { compileRoutes } from './request/compile-routes.ts'
import { OpenExchanges } from './request/open-exchanges.ts'
import type { Plan } from './request/plan.ts'
import type { TokenDirectory } from './tokens/cache/token-directory.ts'
import { FollowedKeyRing } from './tokens/keys/followed-key-ring.ts'
import { LastUsed } from './tokens/life/last-used.ts'
import { ScheduledPurge } from './tokens/life/scheduled-purge.ts'
import type { TokenRegistry } from './tokens/ports.ts'

/** Where a running gateway listens, and how to stop it. */
export interface Gateway {
  readonly dataAddress: { readonly address: string; readonly port: number }
  readonly adminAddress: { readonly address: string; readonly port: number }
  readonly log: Log
  /** Reads again at once what is followed anyway: the file of the key ring. Never throws. */
  reload(): void
  /** Lets exchanges in flight finish within the drain time, then closes everything. Idempotent. */
  close(): Promise<void>
}

/** What can be built without a connection. */
type CompiledGateway = Pick<Plan, 'routes' | 'findClientAddress' | 'headLimits' | 'forwardedHeader'> & {
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly redaction: Redaction
  /** To be opened before the first request. */
  readonly desk: ServiceDesk
}

/** Compile everything that needs no connection; problems go to `report`, located in the settings. */
export function compileGateway(
  settings: Settings,
  report: Report,
  clock: Clock = systemClock,
  open: OpenClient = openClient,
): CompiledGateway {
  const upstreams = new Map(
    Object.entries(settings.upstreams).map(([name, upstream]) => [name, openUpstream(name, upstream, open)]),
  )
  const sources = settings.routes.flatMap((route) => route.credentials)
  const desk = new ServiceDesk()
  return {
    upstreams,
    desk,
    routes: compileRoutes(settings.routes, { upstreams, clock, findServices: desk.find }, report),
    findClientAddress: compileClientAddress(settings.clientAddress),
    headLimits: settings.listen.limits,
    forwardedHeader: settings.clientAddress.header,
    redaction: compileRedaction({
      headers: [...credentialHeadersOf(sources)],
      queryParameters: [...queryParametersOf(sources)],
    }),
  }
}

/** What a gateway takes from where it runs. */
export interface Surroundings {
  readonly clock?: Clock
  /** Where log lines go instead of standard error. */
  readonly logTo?: { write(line: string): void }
  /** The client of each upstream; by the protocol of its URL unless given. */
  readonly openClient?: OpenClient
}

/** Start a gateway. Rejects, with everything closed again, when any part of it cannot start. */
export async function startGateway(
  settings: Settings,
  { clock = systemClock, logTo, openClient }: Surroundings = {},
): Promise<Gateway> {
  const parts: Parts = { closers: [], clock, isOpen: false }
  const close = async () => {
    parts.isOpen = false
    for (let closer = parts.closers.pop(); closer !== undefined; closer = parts.closers.pop()) await closer()
  }
  try {
    const compiled = compileGateway(settings, failOnProblem, clock, openClient)
    parts.closers.push(() => closeUpstreams(compiled.upstreams))
    const log = createLog({
      level: settings.log.level,
      redaction: compiled.redaction,
      ...(logTo === undefined ? {} : { destination: logTo }),
    })
    return { ...(await start(settings, compiled, log, parts)), log, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What grows while a gateway starts, and is taken down in reverse order. */
interface Parts {
  readonly closers: (() => Promise<void>)[]
  readonly clock: Clock
  /** Whether the data plane takes requests: false before it is open, and from the moment of closing. */
  isOpen: boolean
}

async function start(
  settings: Settings,
  compiled: CompiledGateway,
  log: Log,
  parts: Parts,
): Promise<Pick<Gateway, 'dataAddress' | 'adminAddress' | 'reload'>> {
  const metrics = createMetrics()
  watchUpstreams(compiled.upstreams, metrics, log)
  const keyRing = new FollowedKeyRing(settings.keys, { log })
  const tokens = await openTokens(settings, keyRing, log, metrics, parts)
  const { store, directory, resolveToken } = tokens
  const { services, close } = openServices({ ...tokens, keyRing, clock: parts.clock, log })
  parts.closers.push(close)
  compiled.desk.open(services)
  // First up and last down, so that probes and scrapes see the beginning and the end.
  const readiness = readinessOf(directory, keyRing, parts)
  const admin = await startAdmin({ ...settings.admin, readiness, metrics, log })
  parts.closers.push(() => admin.close())

  const openExchanges = watchOpenExchanges(store, directory, metrics, parts)
  const noteUse = noteLastUses(settings.store.lastUsedInterval, store, log, parts)
  const plan: Plan = { ...compiled, resolveToken, openExchanges, noteUse, sendRefusal }
  const { redaction } = compiled
  const books = { metrics, log, redaction, openExchanges, isLogging: settings.log.requests }
  metrics.watchTunnels([...compiled.upstreams.values()])
  const dataPlane = await openDataPlane(settings.listen, plan, books)
  parts.closers.push(() => dataPlane.close())
  parts.isOpen = true
  purgeBySchedule(settings.store.purge, store, log, metrics, parts)
  log.info(
    { dataPlane: place(dataPlane), admin: place(admin), routes: settings.routes.length },
    'the gateway is open',
  )
  return { dataAddress: dataPlane, adminAddress: admin, reload: () => keyRing.reload() }
}

/** Follows what becomes of the tokens of requests under way. */
function watchOpenExchanges(
  store: TokenRegistry,
  directory: TokenDirectory,
  metrics: Metrics,
  { closers, clock }: Parts,
): OpenExchanges {
  const openExchanges = new OpenExchanges({
    readToken: (id) => store.showToken(id),
    canTrust: () => {
      const { feed, canDecide } = directory.status()
      return feed !== 'outage' || canDecide
    },
    clock,
    onWithdrawn: metrics.streamClosed,
  })
  directory.follow(openExchanges)
  closers.push(async () => openExchanges.close())
  return openExchanges
}

/** Closed after the data plane, so that the uses of the last requests are recorded too. */
function noteLastUses(
  intervalMs: number,
  store: TokenRegistry,
  log: Log,
  { closers, clock }: Parts,
): Plan['noteUse'] {
  if (intervalMs === 0) return () => {}
  const lastUsed = new LastUsed({ store, intervalMs, clock, log })
  closers.push(() => lastUsed.close())
  return ({ id }, client) => lastUsed.note(id, client)
}

/** Begun last and ended first: what is old can wait. */
function purgeBySchedule(
  { every: everyMs, olderThan: olderThanMs, auditOlderThan: auditOlderThanMs }: Settings['store']['purge'],
  store: TokenRegistry,
  log: Log,
  metrics: Metrics,
  { closers, clock }: Parts,
): void {
  if (everyMs === 0) return
  const schedule = { everyMs, olderThanMs, auditOlderThanMs }
  const origin = processOrigin('gateway')
  const purge = new ScheduledPurge({ ...schedule, store, origin, clock, log, observer: metrics })
  closers.push(() => purge.close())
}

/** Settings with problems never get here by the command line, which reports them all; this is the last door. */
function failOnProblem(path: readonly (string | number)[], message: string): never {
  throw new Error(`${path.join('.')}: ${message}`)
}

function readinessOf(directory: TokenDirectory, keyRing: FollowedKeyRing, parts: Parts): ReadinessProbe {
  return async () => {
    const { feed, canDecide, redis } = directory.status()
    return {
      dataPlane: parts.isOpen ? 'ok' : 'failed',
      tokens: canDecide ? (feed === 'fresh' ? 'ok' : 'degraded') : 'failed',
      ...(keyRing.state === 'fixed' ? {} : { keys: okIf(keyRing.state === 'followed') }),
      ...(redis === 'off' ? {} : { redis: okIf(redis === 'up') }),
    }
  }
}

function okIf(isWell: boolean): 'ok' | 'degraded' {
  return isWell ? 'ok' : 'degraded'
}

async function closeUpstreams(upstreams: ReadonlyMap<string, Upstream>): Promise<void> {
  await Promise.all([...upstreams.values()].map(({ client }) => client.close()))
}

function place({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
