/**
 * The composition root: builds every adapter, hands each stage its slice, and closes all of it in reverse
 * order. A gateway either starts whole or not at all.
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { startAdmin } from './admin/admin-server.ts'
import { credentialHeadersOf, queryParametersOf } from './authenticate/extract-credential.ts'
import { compileClientAddress } from './client-address/client-address.ts'
import { compileNetworks } from './client-address/networks.ts'
import type { Report } from './config/problems.ts'
import type { Settings } from './config/schema/settings.ts'
import { traceClients } from './forward/traced-client.ts'
import { type OpenClient, openClient, openUpstream, type Upstream } from './forward/upstreams.ts'
import { createTargetWatch } from './forward/watch-targets.ts'
import { Generation, Generations } from './generations.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { placeText } from './lib/place.ts'
import { LimitBook } from './limits/limit-book.ts'
import { type DataPlane, openDataPlane } from './listen/data-plane.ts'
import { sendRefusal } from './listen/send-refusal.ts'
import { shareOfWorker } from './listen/share-of-worker.ts'
import { type AdjustableLog, createLog, type Log } from './observability/log.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { compileRedaction, type Redaction } from './observability/redaction.ts'
import { openCertificates } from './open-certificates.ts'
import { type DecisionPlaces, openDecision } from './open-decision.ts'
import { openLimits } from './open-limits.ts'
import { openServices } from './open-services.ts'
import { openTokens } from './open-tokens.ts'
import { openTracing } from './open-tracing.ts'
import { RouteProfiles } from './profiles/route-profiles.ts'
import { ServiceDesk } from './profiles/services.ts'
import { type Phase, readinessOf } from './readiness.ts'
import { followConfiguration } from './reload.ts'
import { compileFindKeys } from './request/answer-keys.ts'
import { compileRoutes } from './request/compile-routes.ts'
import { handleRequest } from './request/handle-request.ts'
import { OpenExchanges } from './request/open-exchanges.ts'
import type { Plan } from './request/plan.ts'
import { keySetOf } from './tokens/assertions/key-set.ts'
import type { TokenDirectory } from './tokens/cache/token-directory.ts'
import { FollowedKeyRing } from './tokens/keys/followed-key-ring.ts'
import type { TokenRegistry } from './tokens/ports.ts'
import { noteLastUses, purgeBySchedule } from './upkeep.ts'
import type { WorkerSurroundings } from './workers/surroundings.ts'

/** Where a running gateway listens, and how to stop it. */
export interface Gateway {
  readonly dataAddress: { readonly address: string; readonly port: number }
  /** Where other proxies ask; `undefined` where nobody may. */
  readonly decisionAddresses: Pick<DecisionPlaces, 'http' | 'grpc'> | undefined
  readonly adminAddress: { readonly address: string; readonly port: number }
  readonly log: Log
  /** Reads again at once what is followed anyway: key ring, certificates and configuration. Never throws. */
  reload(): void
  /** Says that it is draining, lets exchanges finish within their time, then closes everything. Idempotent. */
  close(): Promise<void>
}

/** What can be built without a connection. */
export type CompiledGateway = Pick<
  Plan,
  'routes' | 'findKeys' | 'findClientAddress' | 'trustedProxies' | 'headLimits' | 'forwardedHeader'
> & {
  readonly settings: Settings
  readonly profiles: RouteProfiles
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly redaction: Redaction
  /** To be opened before the first request, and kept by every later configuration. */
  readonly limitBook: LimitBook
  /** To be opened before the first request. */
  readonly desk: ServiceDesk
}

/**
 * Compile everything that needs no connection; problems go to `report`, located in the settings. Upstreams and
 * profiles whose settings are those of `former` are taken over from it.
 */
export function compileGateway(
  settings: Settings,
  report: Report,
  clock: Clock = systemClock,
  open: OpenClient = openClient,
  former?: CompiledGateway,
): CompiledGateway {
  const upstreams = new Map(
    Object.entries(settings.upstreams).map(([name, upstream]) => {
      const isSame = isDeepStrictEqual(former?.settings.upstreams[name], upstream)
      return [name, (isSame && former?.upstreams.get(name)) || openUpstream(name, upstream, open)]
    }),
  )
  const sources = settings.routes.flatMap((route) => route.credentials)
  const desk = former?.desk ?? new ServiceDesk()
  const profiles = new RouteProfiles(former?.profiles)
  const limitBook = former?.limitBook ?? new LimitBook(clock)
  const { limits, assertion } = settings
  const shared = { upstreams, clock, findServices: desk.find, profiles, limitBook, limits, assertion }
  return {
    settings,
    upstreams,
    desk,
    profiles,
    limitBook,
    findKeys: compileFindKeys(assertion, desk.find),
    routes: compileRoutes(settings.routes, shared, report),
    findClientAddress: compileClientAddress(settings.clientAddress),
    trustedProxies: compileNetworks(settings.clientAddress.trustedProxies),
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
  /** The file that the settings were read from, to be followed; relative to the working directory. */
  readonly configFile?: string
  /** Where it is one of several that share a port. */
  readonly worker?: WorkerSurroundings
}

/** Start a gateway. Rejects, with everything closed again, when any part of it cannot start. */
export async function startGateway(
  settings: Settings,
  { clock = systemClock, logTo, configFile, worker, ...given }: Surroundings = {},
): Promise<Gateway> {
  const closers: Parts['closers'] = []
  const open = given.openClient ?? openClient
  const tracedOpen = settings.tracing === undefined ? open : traceClients(open)
  const compiled = compileGateway(settings, failOnProblem, clock, tracedOpen)
  const surroundings = { clock, openClient: tracedOpen, configFile, worker }
  const parts: Parts = { closers, ...surroundings, inForce: compiled, phase: 'starting' }
  const close = async () => {
    parts.phase = 'draining'
    for (let closer = parts.closers.pop(); closer !== undefined; closer = parts.closers.pop()) await closer()
  }
  try {
    const generations = new Generations(compiled.upstreams.values(), settings.listen.timeouts.drain)
    closers.push(() => generations.close())
    const log = createLog({
      level: settings.log.level,
      redaction: { redactHeaders: (headers) => parts.inForce.redaction.redactHeaders(headers) },
      worker: worker?.number,
      ...(logTo === undefined ? {} : { destination: logTo }),
    })
    return { ...(await start(settings, generations, log, parts)), log, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What grows while a gateway starts, and is taken down in reverse order. */
interface Parts {
  readonly closers: (() => Promise<void>)[]
  readonly clock: Clock
  readonly openClient: OpenClient
  readonly configFile: string | undefined
  readonly worker: WorkerSurroundings | undefined
  /** What new exchanges go by. */
  inForce: CompiledGateway
  phase: Phase
}

async function start(
  settings: Settings,
  generations: Generations,
  log: AdjustableLog,
  parts: Parts,
): Promise<Pick<Gateway, 'dataAddress' | 'decisionAddresses' | 'adminAddress' | 'reload'>> {
  const { worker } = parts
  const metrics = createMetrics(worker?.number)
  const tracing = openTracing(settings.tracing, log, metrics, parts.closers)
  const watchTargets = createTargetWatch(log)
  metrics.watchUpstreams(() => parts.inForce.upstreams.values())
  const keyRing = new FollowedKeyRing(settings.keys, { log })
  const limits = await openLimits(parts.inForce, keyRing, log, metrics, parts)
  const lookups = tracing?.watchLookups(metrics) ?? metrics
  const tokenParts = { ...parts, failures: limits.failures, lookups }
  const tokens = await openTokens(settings, keyRing, log, metrics, tokenParts)
  const { store, directory, resolveToken } = tokens
  const { cache } = settings
  const { services, close } = openServices({ ...tokens, ...limits, keyRing, clock: parts.clock, log, cache })
  parts.closers.push(close)
  parts.inForce.desk.open(services)
  // First up and last down, so that probes and scrapes see the beginning and the end.
  const configuration = followConfiguration(parts.configFile, {
    log,
    inForce: () => parts.inForce,
    compile: (next, report) => compileGateway(next, report, parts.clock, parts.openClient, parts.inForce),
    replace: (compiled) => {
      parts.inForce = compiled
      log.setLevel(compiled.settings.log.level)
      limits.apply(compiled.settings)
      generations.begin(generationOf(compiled))
      worker?.inForce(compiled.settings)
    },
  })
  if (configuration !== undefined) metrics.watchConfiguration(configuration)
  const certificates = openCertificates(settings.listen.tls, log, metrics, parts.closers)
  const readiness = readinessOf({ directory, keyRing, configuration, certificates }, () => parts.phase)
  const keySet = () => JSON.stringify(keySetOf(keyRing.current, parts.inForce.settings.assertion?.algorithm))
  const told = { readiness, metrics, keySet: async () => keySet() }
  const admin = worker?.openAdmin(told) ?? (await startAdmin({ ...settings.admin, ...told, log }))
  parts.closers.push(() => admin.close())

  const openExchanges = watchOpenExchanges(store, directory, metrics, parts)
  const noteUse = noteLastUses(settings.store.lastUsedInterval, store, log, parts)
  const generationOf = (compiled: CompiledGateway) => {
    watchTargets(compiled.upstreams.values())
    const plan: Plan = { ...compiled, resolveToken, openExchanges, noteUse, sendRefusal }
    const isLogging = compiled.settings.log.requests
    const { tracing: traces, handle = handleRequest } = tracing?.traced(compiled) ?? {}
    const books = { metrics, log, redaction: compiled.redaction, openExchanges, tracing: traces, isLogging }
    const held = { upstreams: compiled.upstreams.values(), profiles: compiled.profiles.all() }
    return new Generation(held, { plan, handle }, (tally) => ({ ...books, tally }))
  }
  generations.begin(generationOf(parts.inForce))
  const listen = shareOfWorker(settings.listen, worker?.workers ?? 1)
  const dataPlane = await openDataPlane(listen, certificates, () => generations.current)
  const doors: Pick<DataPlane, 'close'>[] = [dataPlane]
  parts.closers.push(async () => void (await Promise.all(doors.map((door) => door.close()))))
  const asking = {
    inForce: () => generations.current,
    overload: dataPlane.overload,
    isServing: () => parts.phase === 'open',
    keySet,
    log,
    metrics,
  }
  const decision = await openDecision({ ...settings, listen }, asking, parts.closers)
  if (decision !== undefined) doors.push(decision)
  parts.phase = 'open'
  purgeBySchedule(settings.store.purge, store, log, metrics, parts)
  configuration?.start()
  parts.closers.push(async () => configuration?.stop())
  log.info(
    {
      dataPlane: placeText(dataPlane),
      decision: decision && placeText(decision.http),
      decisionGrpc: decision?.grpc && placeText(decision.grpc),
      admin: placeText(admin),
      routes: settings.routes.length,
    },
    'the gateway is open',
  )
  return { dataAddress: dataPlane, decisionAddresses: decision, adminAddress: admin, reload }

  function reload(): void {
    keyRing.reload()
    certificates?.reload()
    configuration?.reload()
  }
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

/** Settings with problems never get here by the command line, which reports them all; this is the last door. */
function failOnProblem(path: readonly (string | number)[], message: string): never {
  throw new Error(`${path.join('.')}: ${message}`)
}
