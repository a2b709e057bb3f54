/**
 * What the gateway counts. Every label comes from a closed set, so that no client can make a series; a request costs
 * a few additions.
 * @module
 */

import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Withdrawal } from '../request/exchange.ts'
import type { RefusalCode } from '../request/refusal.ts'
import { type ConnectionMetrics, createConnectionMetrics } from './connection-metrics.ts'
import { cellFamily, gaugeOf, gaugesOf, type Labels, latencyFamily } from './exposition.ts'
import { createFollowedFileMetrics, type FollowedFileMetrics } from './followed-file-metrics.ts'
import { knownMethods, statusClass } from './labels.ts'
import { createLimitMetrics, type LimitMetrics } from './limit-metrics.ts'
import { onceForEach } from './once-for-each.ts'
import { createTracingMetrics, type TracingMetrics } from './tracing-metrics.ts'
import type { UpstreamToWatch } from './watched.ts'

/**
 * How an exchange ended. `shadowed`: forwarded though a rule would have refused it; `revoked`: broken off under way
 * because its token was good no longer; `tunnelled`: the upstream switched protocols, and the tunnel has ended.
 */
export type ExchangeOutcome =
  | 'forwarded'
  | 'allowed'
  | 'served'
  | 'shadowed'
  | 'tunnelled'
  | 'aborted'
  | 'revoked'
  | RefusalCode

type LookupTier = 'memory' | 'redis' | 'replica' | 'store'
type LookupResult = 'hit' | 'absent' | 'miss' | 'rejected' | 'stale' | 'error'
type ProofResult = 'proven' | 'wrong' | 'unknown' | 'refused'
type PurgedRecords = (typeof purgedKinds)[number]
type HashAlgorithm = 'sha256' | 'sha512' | 'pbkdf2'

/** Counts the exchanges of one route. */
export interface RouteRecorder {
  /** One exchange that began has ended. `status` is that of the response head, `undefined` when none was sent. */
  settled(method: string, status: number | undefined, outcome: ExchangeOutcome, seconds: number): void
  /** In shadow mode: the refusal that enforcing would have made. */
  wouldRefuse(code: RefusalCode): void
}

/** Functions without `this`: each may be handed on by itself. */
export interface Metrics extends ConnectionMetrics, FollowedFileMetrics, LimitMetrics, TracingMetrics {
  /** The recorder of a route by its name, always the same one; `unmatchedRoute` where no route matched. */
  forRoute(name: string): RouteRecorder
  /** One exchange began; exactly one `settled` follows. */
  exchangeBegan(): void
  lookedUp(tier: LookupTier, result: LookupResult): void
  /** One query to the store. `operation` is a name out of the code. */
  storeQueried(operation: string): void
  /** A request under way was broken off. */
  streamClosed(cause: Withdrawal): void
  /** A text of another service was tried as a token of this format. */
  proved(format: string, result: ProofResult): void
  /** One hash was computed to prove such a text. */
  hashed(algorithm: HashAlgorithm): void
  /** A change of a token or subject has taken effect on this replica, so long after it was made. */
  changeArrived(seconds: number): void
  /** This replica has removed so many old records of each kind; `undefined` when that failed. */
  purged(removed: Readonly<Record<PurgedRecords, number>> | undefined): void
  /** The system token was presented from outside its networks. */
  systemTokenRefused(): void
  /** Where the age of the last successful fetch of changes is read at a scrape, in seconds. */
  watchChangeFeed(ageSeconds: () => number | undefined): void
  /** Where the upstreams in force are read from at a scrape. */
  watchUpstreams(read: () => Iterable<UpstreamToWatch>): void
  /** Media type of what `expose` yields. */
  readonly contentType: string
  /** Everything, those of the process included, in the Prometheus text format. */
  expose(): Promise<string>
}

const purgedKinds = ['tokens', 'changes', 'auditEntries'] as const

/** Create the metrics of one gateway, with a registry of their own. Those of the process name the worker, if it is one. */
export function createMetrics(worker?: number): Metrics {
  const processMetrics = new Registry()
  if (worker !== undefined) processMetrics.setDefaultLabels({ worker })
  collectDefaultMetrics({ register: processMetrics })

  const durations = latencyFamily(
    'http_server_request_duration_seconds',
    'From the first byte of a request to the last of its response.',
  )
  const exchanges = cellFamily('counter', 'sallyport_exchanges_total', 'Exchanges by how they ended.')
  const inFlight = cellFamily('gauge', 'sallyport_exchanges_in_flight', 'Exchanges that have not ended.')
  const wouldRefuse = cellFamily(
    'counter',
    'sallyport_would_refuse_total',
    'Exchanges that a route in shadow mode let through though a rule would have refused them.',
  )
  const lookups = cellFamily(
    'counter',
    'sallyport_token_lookups_total',
    'Look-ups of tokens, one for each tier that was asked.',
  )
  const queries = cellFamily('counter', 'sallyport_store_queries_total', 'Queries to the token store.')
  const systemToken = cellFamily(
    'counter',
    'sallyport_system_token_refused_total',
    'Presentations of the system token from outside its networks.',
  )
  const streams = cellFamily(
    'counter',
    'sallyport_streams_closed_total',
    'Requests broken off under way because their token was good no longer.',
  )
  const connections = createConnectionMetrics()
  let readUpstreams: () => Iterable<UpstreamToWatch> = () => []
  const tunnels = gaugesOf(
    'sallyport_tunnels_open',
    'Upgraded connections to an upstream, with those being made.',
    () => Array.from(readUpstreams(), ({ name, tunnels }) => [{ upstream: name }, tunnels] as const),
  )
  const proofs = cellFamily(
    'counter',
    'sallyport_foreign_proofs_total',
    'Texts that may be tokens of another service, by what came of them.',
  )
  const hashes = cellFamily(
    'counter',
    'sallyport_foreign_hashes_total',
    'Hashes computed to prove such texts.',
  )
  const purgeRuns = cellFamily('counter', 'sallyport_purges_total', 'Scheduled purges by this replica.')
  const purgedRecords = cellFamily(
    'counter',
    'sallyport_purged_records_total',
    'Old records that scheduled purges by this replica removed.',
  )
  const propagation = latencyFamily(
    'sallyport_revocation_propagation_seconds',
    'From a change of what a token may do, by the clock of the store, to its effect on this replica.',
  )
  let feedAge: () => number | undefined = () => undefined
  const changeFeed = gaugeOf(
    'sallyport_change_feed_age_seconds',
    'Since the start of the last fetch of changes that succeeded.',
    () => feedAge(),
  )
  const files = createFollowedFileMetrics()
  const targetsUp = gaugesOf(
    'sallyport_upstream_target_up',
    'Whether a target of an upstream gets requests: 1, or 0 while it is left out.',
    () =>
      Array.from(readUpstreams()).flatMap(({ name, balanced }) =>
        (balanced?.states() ?? []).map(
          ({ url, isUp }) => [{ upstream: name, target: url }, isUp ? 1 : 0] as const,
        ),
      ),
  )
  const limits = createLimitMetrics()
  const tracing = createTracingMetrics()
  const families = [
    durations,
    exchanges,
    inFlight,
    wouldRefuse,
    lookups,
    queries,
    systemToken,
    streams,
    tunnels,
    ...connections.families,
    proofs,
    hashes,
    propagation,
    changeFeed,
    purgeRuns,
    purgedRecords,
    ...files.families,
    targetsUp,
    ...limits.families,
    ...tracing.families,
  ]

  const running = inFlight.cell()
  const propagations = propagation.series({})
  const refusedSystemTokens = systemToken.cell()
  const lookupsOf = onceForEach((tier: LookupTier) =>
    onceForEach((result: LookupResult) => lookups.cell({ tier, result })),
  )
  const proofsOf = onceForEach((format: string) =>
    onceForEach((result: ProofResult) => proofs.cell({ format, result })),
  )
  const hashesOf = onceForEach((algorithm: HashAlgorithm) => hashes.cell({ algorithm }))
  const queriesOf = onceForEach((operation: string) => queries.cell({ operation }))

  const purgesDone = purgeRuns.cell({ result: 'done' })
  const purgesFailed = purgeRuns.cell({ result: 'failed' })
  const purgedCells = {
    tokens: purgedRecords.cell({ kind: 'token' }),
    changes: purgedRecords.cell({ kind: 'change' }),
    auditEntries: purgedRecords.cell({ kind: 'audit_entry' }),
  }
  const streamsOf = onceForEach((cause: Withdrawal) => streams.cell({ cause }))

  function recorder(route: string): RouteRecorder {
    const outcomes = onceForEach((outcome: ExchangeOutcome) => exchanges.cell({ route, outcome }))
    const refusals = onceForEach((code: RefusalCode) => wouldRefuse.cell({ route, code }))
    const series = onceForEach((method: string) =>
      onceForEach((status_class: string) =>
        durations.series({ route, method, status_class } satisfies Labels),
      ),
    )
    return {
      settled: (method, status, outcome, seconds) => {
        running.value -= 1
        outcomes(outcome).value += 1
        series(knownMethods.get(method) ?? 'OTHER')(statusClass(status)).record(seconds)
      },
      wouldRefuse: (code) => {
        refusals(code).value += 1
      },
    }
  }

  return {
    ...connections.metrics,
    ...files.metrics,
    ...limits.metrics,
    ...tracing.metrics,
    forRoute: onceForEach(recorder),
    exchangeBegan: () => {
      running.value += 1
    },
    lookedUp: (tier, result) => {
      lookupsOf(tier)(result).value += 1
    },
    storeQueried: (operation) => {
      queriesOf(operation).value += 1
    },
    streamClosed: (cause) => {
      streamsOf(cause).value += 1
    },
    proved: (format, result) => {
      proofsOf(format)(result).value += 1
    },
    hashed: (algorithm) => {
      hashesOf(algorithm).value += 1
    },
    changeArrived: (seconds) => propagations.record(seconds),
    purged: (removed) => {
      const run = removed === undefined ? purgesFailed : purgesDone
      run.value += 1
      if (removed === undefined) return
      for (const kind of purgedKinds) purgedCells[kind].value += removed[kind]
    },
    systemTokenRefused: () => {
      refusedSystemTokens.value += 1
    },
    watchChangeFeed: (ageSeconds) => {
      feedAge = ageSeconds
    },
    watchUpstreams: (read) => {
      readUpstreams = read
    },
    contentType: processMetrics.contentType,
    expose: async () => families.map((family) => family.render()).join('') + (await processMetrics.metrics()),
  }
}
