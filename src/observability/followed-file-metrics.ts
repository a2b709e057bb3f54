/**
 * What is shown of the files that a gateway follows: its key ring, its configuration, its certificates.
 * @module
 */

import { type Family, gaugeOf, gaugesOf } from './exposition.ts'
import type { CertificatesToWatch, ConfigurationToWatch, RingToWatch } from './watched.ts'

/** Functions without `this`: each may be handed on by itself. */
export interface FollowedFileMetrics {
  /** Where the key ring in force is read from at a scrape; the first of its keys is the current one. */
  watchKeyRing(ring: RingToWatch): void
  /** Where it is read at a scrape what became of the last reading of the configuration; nothing is shown without. */
  watchConfiguration(configuration: ConfigurationToWatch): void
  /** Where certificates that are shown to clients, or to proxies that ask, are read from at a scrape; without TLS there are none. */
  watchCertificates(certificates: CertificatesToWatch): void
}

/** Create them, and their families in the order in which they are shown. */
export function createFollowedFileMetrics(): {
  readonly metrics: FollowedFileMetrics
  readonly families: readonly Family[]
} {
  let ring: RingToWatch | undefined
  let configuration: ConfigurationToWatch | undefined
  const certificates: CertificatesToWatch[] = []
  const families = [
    gaugesOf(
      'sallyport_key_ring_key',
      'Keys of the ring in force: 1 for the current one, 0 for the others.',
      () => (ring?.current.keyIds ?? []).map((key, place) => [{ key }, place === 0 ? 1 : 0] as const),
    ),
    gaugeOf(
      'sallyport_key_ring_outdated',
      'Whether the file of the key ring cannot be used, so that the last good ring is in force.',
      () => (ring?.state === 'outdated' ? 1 : 0),
    ),
    gaugeOf(
      'sallyport_config_last_reload_success',
      'Whether the configuration file as it was last read is in force.',
      () => configuration && Number(configuration.status.isGood),
    ),
    gaugeOf(
      'sallyport_config_last_reload_success_timestamp_seconds',
      'When the configuration file was last read and found good: at the start, after a change or when asked to.',
      () => configuration && configuration.status.goodAt / 1000,
    ),
    gaugesOf(
      'sallyport_certificate_expiry_timestamp_seconds',
      'When a certificate that clients are shown expires.',
      () =>
        certificates
          .flatMap((shown) => shown.expiries())
          .map(({ file, expiresAt }) => [{ file }, expiresAt / 1000] as const),
    ),
    gaugeOf(
      'sallyport_certificates_outdated',
      'Whether the files of the certificates cannot be used, so that the last good ones are in force.',
      () =>
        certificates.length === 0 ? undefined : Number(certificates.some(({ isOutdated }) => isOutdated)),
    ),
  ]
  return {
    families,
    metrics: {
      watchKeyRing: (watched) => {
        ring = watched
      },
      watchConfiguration: (watched) => {
        configuration = watched
      },
      watchCertificates: (watched) => {
        certificates.push(watched)
      },
    },
  }
}
