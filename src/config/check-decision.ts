/**
 * What the settings of decisions for other proxies have to agree on.
 * @module
 */

import { checkClientCertificates } from './check-listen.ts'
import type { Report, SettingPath } from './problems.ts'
import type { DecisionSettings } from './schema/decision.ts'
import type { Settings } from './schema/settings.ts'

/** Of the answer itself, so that no copy of them would say anything of the request. */
const ofTheAnswer: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

export function checkDecision({ decision, listen }: Partial<Settings>, refuse: Report): void {
  if (decision === undefined) return
  const { proxies, tls, port } = decision
  if (port !== 0 && listen !== undefined && port === listen.port) {
    refuse(['decision', 'port'], 'is the port of listen')
  }
  const isAskedForCertificate = tls !== undefined && tls.clientCertificates.mode !== 'none'
  const owners = new Map<string, string>()
  for (const [index, proxy] of proxies.entries()) {
    checkProxy(proxy, isAskedForCertificate, ['decision', 'proxies', index], refuse)
    for (const proof of [...proxy.secrets, ...proxy.certificates]) {
      const owner = owners.get(proof)
      if (owner !== undefined)
        refuse(
          ['decision', 'proxies', index],
          `proves itself as «${owner}» does; each proxy needs proofs of its own`,
        )
      owners.set(proof, proxy.name)
    }
  }
  checkClientCertificates(tls, ['decision', 'tls', 'clientCertificates'], refuse)
}

function checkProxy(
  { secrets, certificates, copies }: DecisionSettings['proxies'][number],
  isAskedForCertificate: boolean,
  path: SettingPath,
  refuse: Report,
): void {
  if (secrets.length + certificates.length === 0) {
    refuse(path, 'expected secrets or certificates: where a proxy connects from proves nothing')
  }
  if (certificates.length > 0 && !isAskedForCertificate) {
    refuse([...path, 'certificates'], 'nobody is asked for one; set decision.tls.clientCertificates')
  }
  for (const [place, header] of copies.entries()) {
    if (ofTheAnswer.has(header)) refuse([...path, 'copies', place], 'is a header of the answer itself')
  }
}
