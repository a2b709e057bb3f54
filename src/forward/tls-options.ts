/**
 * How the certificate of an upstream is verified, whichever client connects.
 * @module
 */

import type { UpstreamSettings } from '../config/schema/settings.ts'

export interface TlsOptions {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly servername?: string
}

export function tlsOptions(tls: UpstreamSettings['tls']): TlsOptions {
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}
