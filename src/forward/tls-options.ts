/**
 * How the certificate of an upstream is verified, and which one it is shown, whichever client connects.
 * @module
 */

import type { UpstreamSettings } from '../config/schema/settings.ts'

export interface TlsOptions {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string | undefined
  readonly servername?: string
}

export function tlsOptions(tls: UpstreamSettings['tls']): TlsOptions {
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate, key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}
