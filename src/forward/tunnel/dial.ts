/**
 * Connections of their own for what is going to be a tunnel: no pool could take them back.
 * @module
 */

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { UpstreamSettings } from '../../config/schema/settings.ts'
import { tlsOptions } from '../tls-options.ts'

/** Begins a connection. `onReady` is called when bytes can be sent: with TLS, when the upstream has proved its name. */
export type Dial = (onReady: () => void) => Socket

const tcpKeepAliveMs = 60_000

/** Dials one upstream. Each side of a connection can be ended by itself. */
export function compileDial({ url, tls }: Pick<UpstreamSettings, 'url' | 'tls'>): Dial {
  const { protocol, hostname, port } = new URL(url)
  // An IPv6 address is in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const common = {
    host,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
  }
  if (protocol !== 'https:') return (onReady) => connect({ ...common, port: Number(port || 80) }, onReady)
  const options = {
    ...common,
    port: Number(port || 443),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...tlsOptions(tls),
  }
  return (onReady) => connectTls(options, onReady)
}
