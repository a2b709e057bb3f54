/**
 * Opens what use is counted with: the book of all counts, and the connection by which replicas share it.
 * @module
 */

import type { Settings } from './config/schema/settings.ts'
import type { Clock } from './lib/clock.ts'
import type { AskDesk } from './limits/count-desk.ts'
import { FailedAuthentications, type FailureRules } from './limits/failed-authentications.ts'
import type { LimitBook } from './limits/limit-book.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import { RedisClient } from './redis/redis-client.ts'
import type { FollowedKeyRing } from './tokens/keys/followed-key-ring.ts'

export interface OpenLimits {
  readonly failures: FailedAuthentications
  /** From now on the limits of these settings are in force. */
  apply(settings: Settings): void
}

/** What it takes from the gateway that grows around it. */
interface LimitParts {
  /** Run in reverse order when the gateway closes, or cannot start. */
  readonly closers: (() => Promise<void>)[]
  readonly clock: Clock
  /** Where the gateway is one of several workers. */
  readonly worker: { readonly askDesk: AskDesk } | undefined
}

/** Resolves when Redis has been tried once, whatever came of it. */
export async function openLimits(
  { settings, limitBook: book }: { readonly settings: Settings; readonly limitBook: LimitBook },
  keyRing: FollowedKeyRing,
  log: Log,
  metrics: Metrics,
  { closers, clock, worker }: LimitParts,
): Promise<OpenLimits> {
  const { redis } = settings.cache
  const client = redis && openClient(redis, log)
  book.open({
    onExceeded: metrics.limited,
    ...(worker && { askDesk: worker.askDesk }),
    ...(redis &&
      client && {
        redis: { client, prefix: redis.prefix, hash: (text) => keyRing.current.digest(text).value },
      }),
  })
  closers.push(async () => {
    await book.close()
    client?.close()
  })
  metrics.watchLimits({
    sizes: () => book.sizes(),
    isAlone: () => client && Number(client.state === 'down'),
  })
  const failures = new FailedAuthentications(
    { book, clock, onThrottled: metrics.authenticationThrottled },
    rulesOf(settings),
  )
  await client?.connect()
  return {
    failures,
    apply(next) {
      failures.apply(rulesOf(next))
      book.keepOnly(next.limits, [failures.counts])
    },
  }
}

function openClient(servers: NonNullable<Settings['cache']['redis']>, log: Log): RedisClient {
  return new RedisClient({
    servers,
    timeoutMs: servers.timeout,
    stateChanged(state, reason) {
      if (state === 'up') log.info({ reason }, 'limits are shared by way of Redis')
      else log.warn({ reason }, 'Redis does not answer; this replica counts limits for itself')
    },
  })
}

function rulesOf({ authentication, clientAddress }: Settings): FailureRules {
  return { failures: authentication.failures, trustedProxies: clientAddress.trustedProxies }
}
