/**
 * Opens the certificates of the data plane, followed and watched.
 * @module
 */

import type { TlsSettings } from './listen/tls/certificate-pair.ts'
import { FollowedCertificates } from './listen/tls/followed-certificates.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'

/** `undefined` without TLS. Throws an `UnusableFile`. What stops following is added to `closers`. */
export function openCertificates(
  tls: TlsSettings | undefined,
  log: Log,
  metrics: Metrics,
  closers: (() => Promise<void>)[],
): FollowedCertificates | undefined {
  if (tls === undefined) return undefined
  const certificates = new FollowedCertificates(tls, { log })
  metrics.watchCertificates(certificates)
  certificates.start()
  closers.push(async () => certificates.stop())
  return certificates
}
