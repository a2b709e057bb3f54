/**
 * Connections of their own for what is going to be a tunnel: no pool could take them back.
 * @module
 */

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { UpstreamSettings } from '../../config/schema/settings.ts'
import { lookupSpread } from '../spread-lookup.ts'
import { tlsOptions } from '../tls-options.ts'

/** Begins a connection. `onReady` is called when bytes can be sent: with TLS, when the upstream has proved its name. */
export type Dial = (onReady: () => void) => Socket

const common = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
}

/** Dials one target. Each side of a connection can be ended by itself. */
export function compileDial(url: string, tls: UpstreamSettings['tls']): Dial {
  const { protocol, hostname, port, pathname } = new URL(url)
  if (protocol === 'unix:') return (onReady) => connect({ ...common, path: pathname }, onReady)
  // An IPv6 address is in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const place = { ...common, host, lookup: lookupSpread }
  if (protocol !== 'https:') return (onReady) => connect({ ...place, port: Number(port || 80) }, onReady)
  const options = {
    ...place,
    port: Number(port || 443),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...tlsOptions(tls),
  }
  return (onReady) => connectTls(options, onReady)
}
