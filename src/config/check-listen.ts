/**
 * What the settings of the data plane's TLS have to agree on. Its files are read later.
 * @module
 */

import type { Report } from './problems.ts'
import type { Settings } from './schema/settings.ts'

export function checkListen({ listen }: Partial<Settings>, refuse: Report): void {
  if (listen?.tls === undefined) return
  const { ca, mode } = listen.tls.clientCertificates
  const path = ['listen', 'tls', 'clientCertificates']
  if (mode !== 'none' && ca === undefined)
    refuse(path, `expected a ca with mode ${mode}: no certificate would count`)
  if (mode === 'none' && ca !== undefined)
    refuse([...path, 'ca'], 'has no effect with mode none; remove one of them')
}
