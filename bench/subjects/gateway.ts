/**
 * Sallyport itself, with everything it does for a request that is let through: a token of the store, every
 * default rule, and the identity headers; and with a public route, which leaves the headers' rules. Only its log is
 * silent, as the stock proxy's is.
 * @module
 */

import type { Scope } from '../../test/support/private-server.ts'
import { startRedis } from '../../test/support/redis.ts'
import { type Configuration, startGatewayProcess } from '../gateway-process.ts'
import type { RunningSubject, Stage, Subject } from './subject.ts'

export const gateway: Subject = {
  name: 'gateway',
  title: 'Sallyport',
  can: ['forward', 'upgrade', 'decide', 'rules'],
  start: (stage, scope) => startGateway(stage, scope),
}

export const openGateway: Subject = {
  name: 'gateway-open',
  title: 'Sallyport, public route',
  can: ['forward', 'upgrade'],
  start: (stage, scope) =>
    start(stage, scope, { ...stage.scenario.gateway.route, authorize: { public: true } }),
}

/** `flags` are Node's. */
export function startGateway(
  stage: Stage,
  scope: Scope,
  flags: readonly string[] = [],
): Promise<RunningSubject> {
  return start(stage, scope, stage.scenario.gateway.route ?? {}, flags)
}

type Route = Configuration['routes'][number]

async function start(
  { upstream, scenario, credentials }: Stage,
  scope: Scope,
  route: Partial<Route>,
  flags: readonly string[] = [],
) {
  const { memoryEntries, hasRedis } = scenario.gateway
  const redis = hasRedis ? await startRedis() : undefined
  if (redis !== undefined) scope.teardown(() => redis.stop())
  const { url, pid } = await startGatewayProcess(
    scope,
    {
      upstreams: { bench: { url: upstream.url } },
      routes: [{ ...route, name: 'everything', match: { path: '/{rest*}' }, upstream: 'bench' }],
      cache: {
        ...(memoryEntries === undefined ? {} : { memory: { entries: memoryEntries } }),
        ...(redis === undefined ? {} : { redis: { url: redis.url } }),
      },
      log: { level: 'silent', requests: false },
    },
    { record: credentials.record, flags },
  )
  return { url, pids: [pid] }
}
