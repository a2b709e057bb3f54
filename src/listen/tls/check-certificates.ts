/**
 * What is wrong with the files of TLS, told where the settings name them.
 * @module
 */

import type { Report, SettingPath } from '../../config/problems.ts'
import { readAuthorities, readPair, type TlsSettings, UnusableFile } from './certificate-pair.ts'

/** What has certificates of its own: both towards others. */
type WithTls = {
  readonly [Section in 'listen' | 'decision']?: { readonly tls?: TlsSettings | undefined } | undefined
}

/** Reports every file that cannot be used, and, given the time, every certificate that is not valid then. */
export function reportCertificates({ listen, decision }: WithTls, report: Report, now?: number): void {
  reportFilesOf(listen?.tls, ['listen', 'tls'], report, now)
  reportFilesOf(decision?.tls, ['decision', 'tls'], report, now)
}

function reportFilesOf(
  tls: TlsSettings | undefined,
  place: SettingPath,
  report: Report,
  now: number | undefined,
): void {
  if (tls === undefined) return
  for (const [index, settings] of tls.certificates.entries()) {
    const path = [...place, 'certificates', index]
    attempt(path, report, () => {
      const { validFrom, expiresAt } = readPair(settings)
      const { certificate } = settings
      if (now === undefined) return
      if (expiresAt <= now) report([...path, 'certificate'], `${certificate} expired on ${dateOf(expiresAt)}`)
      if (validFrom > now)
        report([...path, 'certificate'], `${certificate} is not valid before ${dateOf(validFrom)}`)
    })
  }
  const { ca, mode } = tls.clientCertificates
  if (mode !== 'none' && ca !== undefined) {
    attempt([...place, 'clientCertificates'], report, () => readAuthorities(ca))
  }
}

function attempt(path: SettingPath, report: Report, read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error
    report([...path, error.setting], error.message)
  }
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
