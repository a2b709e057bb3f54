/**
 * TLS to Redis: verified unless the settings say otherwise.
 * @module
 */

import type { ConnectionOptions } from 'node:tls'
import type { RedisServers } from '../config/schema/redis.ts'

/** `undefined` for `redis://`. */
export function tlsOptions({ url, sentinel, cluster, tls }: RedisServers): ConnectionOptions | undefined {
  const first = url ?? sentinel?.nodes[0] ?? cluster?.nodes[0]
  if (first?.startsWith('rediss://') !== true) return undefined
  return {
    rejectUnauthorized: tls?.verify ?? true,
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.serverName !== undefined && { servername: tls.serverName }),
  }
}
