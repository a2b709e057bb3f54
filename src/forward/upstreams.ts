/**
 * The legacy services: a client for each, so that what one service does to a connection cannot reach
 * another's. Our own clients speak HTTP/2 and plain HTTP/1.1; HTTP/1.1 over TLS is undici's.
 * @module
 */

import type { UpstreamSettings } from '../config/schema/settings.ts'
import { addressOf } from './address.ts'
import { BalancedClient } from './balance/balanced-client.ts'
import type { TargetVisit } from './balance/target-visit.ts'
import { Http1Client } from './http1/http1-client.ts'
import { Http2Client } from './http2/http2-client.ts'
import { tlsOptions } from './tls-options.ts'
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
  /** The client again, where it judges its targets. */
  readonly balanced?: BalancedClient | undefined
  /** At the most. */
  readonly connections: number
  /** Requests under way or waiting, at the most. */
  readonly requestsMax: number
  /** Requests under way or waiting now. */
  requests: number
  /** For a connection that is to become a tunnel. */
  readonly findDial: () => FoundDial
  readonly timeouts: UpstreamSettings['timeouts']
  /** Tunnels at the most. */
  readonly tunnelsMax: number
  /** Tunnels now, with those that are being made. */
  tunnels: number
}

/** Where a connection of its own goes, and who hears what becomes of it. */
export interface FoundDial {
  /** Of the target. */
  readonly url: string
  readonly dial: Dial
  /** Where targets are judged. */
  readonly visit: TargetVisit | undefined
}

/** What is said of one place where a service listens. */
export type TargetSettings = Pick<
  UpstreamSettings,
  'protocol' | 'streams' | 'connections' | 'queue' | 'timeouts' | 'tls'
> & {
  readonly url: string
}

/** Makes the client of a target; connections are made when requests need them. */
export type OpenClient = (settings: TargetSettings) => UpstreamClient

export function openUpstream(name: string, settings: UpstreamSettings, open: OpenClient): Upstream {
  const { url, targets = url === undefined ? [] : [url] } = settings
  const [first] = targets
  if (first === undefined) throw new Error('an upstream without targets')
  const { host, origin } = new URL(first)
  const authority = settings.host ?? (host || 'localhost')
  const connections = settings.connections * targets.length
  const isHttp2 = settings.protocol === 'http2'
  // With a single target there is nothing to choose: requests go straight to its client, unless they may have to go twice.
  const maySendAgain = settings.retry.idempotent || isHttp2
  const isJudged = targets.length > 1 || settings.health !== undefined || maySendAgain
  const balanced = isJudged ? openBalanced(targets, authority, settings, open) : undefined
  return {
    name,
    // A Unix socket has none.
    origin: host === '' ? first : origin,
    authority,
    client: balanced ?? open({ ...settings, url: first }),
    balanced,
    connections,
    requestsMax: connections * (isHttp2 ? settings.streams : 1) + settings.queue,
    requests: 0,
    findDial: compileDials(targets, balanced, settings.tls),
    timeouts: settings.timeouts,
    tunnelsMax: settings.tunnels,
    tunnels: 0,
  }
}

function openBalanced(
  urls: readonly string[],
  authority: string,
  settings: UpstreamSettings,
  open: OpenClient,
): BalancedClient {
  const { timeouts, ejection, health, retry } = settings
  return new BalancedClient({
    urls,
    open: (url, connections = settings.connections) => open({ ...settings, url, connections }),
    authority,
    connectMs: timeouts.connect,
    ejection,
    health,
    retry,
  })
}

/** For a tunnel, the target that a request would go to now. */
function compileDials(
  urls: readonly string[],
  balanced: BalancedClient | undefined,
  tls: UpstreamSettings['tls'],
): () => FoundDial {
  const dials = new Map(urls.map((url) => [url, compileDial(url, tls)]))
  const [first = ''] = urls
  return () => {
    const visit = balanced?.visit()
    const url = visit?.url ?? first
    const dial = dials.get(url)
    if (dial === undefined) throw new Error('an upstream without targets')
    return { url, dial, visit }
  }
}

/** An upstream that owes an answer over HTTP/2 and is silent for so long is asked whether it is there. */
const pingAfterMs = 10_000

/** The client for what is spoken to the target. */
export function openClient(settings: TargetSettings): UpstreamClient {
  const { url, protocol, connections, timeouts } = settings
  const isTls = new URL(url).protocol === 'https:'
  const address = addressOf(url)
  switch (protocol) {
    case 'http2': {
      const place = { address, tls: isTls ? tlsOptions(settings.tls) : undefined }
      return new Http2Client({ ...settings, place, pingAfterMs })
    }
    case 'http1':
      return isTls ? new UndiciClient(settings) : new Http1Client({ address, connections, timeouts })
    default:
      return protocol satisfies never
  }
}
