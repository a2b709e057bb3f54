/**
 * The legacy services: a client for each, so that what one service does to a connection cannot reach
 * another's. Our own client speaks plain HTTP/1.1; TLS is undici's.
 * @module
 */

import type { UpstreamSettings } from '../config/schema/settings.ts'
import { Http1Client } from './http1/http1-client.ts'
import { compileDial, type Dial } from './tunnel/dial.ts'
import { UndiciClient } from './undici/undici-client.ts'
import type { UpstreamClient } from './upstream-client.ts'

/** One service and its connections. */
export interface Upstream {
  readonly name: string
  readonly origin: string
  /** The service's own `Host`. */
  readonly authority: string
  readonly client: UpstreamClient
  /** At the most. */
  readonly connections: number
  /** Requests under way or waiting, at the most. */
  readonly requestsMax: number
  /** Requests under way or waiting now. */
  requests: number
  /** For connections that are to become tunnels. */
  readonly dial: Dial
  readonly timeouts: UpstreamSettings['timeouts']
  /** Tunnels at the most. */
  readonly tunnelsMax: number
  /** Tunnels now, with those that are being made. */
  tunnels: number
}

/** Makes the client of an upstream; connections are made when requests need them. */
export type OpenClient = (settings: UpstreamSettings) => UpstreamClient

export function openUpstream(name: string, settings: UpstreamSettings, open: OpenClient): Upstream {
  const { host, origin } = new URL(settings.url)
  return {
    name,
    origin,
    authority: host,
    client: open(settings),
    connections: settings.connections,
    requestsMax: settings.connections + settings.queue,
    requests: 0,
    dial: compileDial(settings),
    timeouts: settings.timeouts,
    tunnelsMax: settings.tunnels,
    tunnels: 0,
  }
}

/** The client for the protocol of the upstream's URL. */
export function openClient(settings: UpstreamSettings): UpstreamClient {
  const { protocol, hostname, port } = new URL(settings.url)
  if (protocol === 'https:') return new UndiciClient(settings)
  const { connections, timeouts } = settings
  // An IPv6 address is in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return new Http1Client({ address: { host, port: Number(port || 80) }, connections, timeouts })
}
