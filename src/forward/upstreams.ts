/**
 * The connections to the legacy services: one pool for each, so that what one service does to a connection
 * cannot reach another's. Certificates are verified, requests are never pipelined.
 * @module
 */

import { Pool } from 'undici'
import type { UpstreamSettings } from '../config/schema/settings.ts'

/** One service and its pool. */
export interface Upstream {
  readonly name: string
  readonly origin: string
  /** The service's own `Host`. */
  readonly authority: string
  readonly pool: Pool
  /** Requests under way or waiting, at the most. */
  readonly requestsMax: number
  /** Requests under way or waiting now. */
  requests: number
}

/** Open the pool of one upstream; it connects when the first request needs it. */
export function openUpstream(name: string, settings: UpstreamSettings): Upstream {
  const { protocol, host, origin } = new URL(settings.url)
  const { timeouts, tls } = settings
  const pool = new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    connectTimeout: timeouts.connect,
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.bodyIdle,
    keepAliveTimeout: timeouts.keepAlive,
    maxHeaderSize: 64 * 1024,
    ...(protocol === 'https:' ? { connect: tlsOptions(tls) } : {}),
  })
  return {
    name,
    origin,
    authority: host,
    pool,
    requestsMax: settings.connections + settings.queue,
    requests: 0,
  }
}

function tlsOptions(tls: UpstreamSettings['tls']) {
  return {
    rejectUnauthorized: tls.verify,
    allowH2: false,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}
