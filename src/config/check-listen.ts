/**
 * What the settings of the data plane's TLS have to agree on. Its files are read later.
 * @module
 */

import type { Report, SettingPath } from './problems.ts'
import type { Settings } from './schema/settings.ts'

export function checkListen({ listen }: Partial<Settings>, refuse: Report): void {
  checkClientCertificates(listen?.tls, ['listen', 'tls', 'clientCertificates'], refuse)
}

/** Of clients, or of proxies that ask. */
export function checkClientCertificates(
  tls: Settings['listen']['tls'],
  path: SettingPath,
  refuse: Report,
): void {
  if (tls === undefined) return
  const { ca, mode } = tls.clientCertificates
  if (mode !== 'none' && ca === undefined)
    refuse(path, `expected a ca with mode ${mode}: no certificate would count`)
  if (mode === 'none' && ca !== undefined)
    refuse([...path, 'ca'], 'has no effect with mode none; remove one of them')
}
