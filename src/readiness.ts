/**
 * What a gateway says of itself when it is asked whether it is ready.
 * @module
 */

import type { ReadinessProbe } from './admin/readiness.ts'
import type { FollowedSettings } from './config/followed-settings.ts'
import type { FollowedCertificates } from './listen/tls/followed-certificates.ts'
import type { TokenDirectory } from './tokens/cache/token-directory.ts'
import type { FollowedKeyRing } from './tokens/keys/followed-key-ring.ts'

/** Of the data plane: it drains from the moment of closing. */
export type Phase = 'starting' | 'open' | 'draining'

/** What can be in trouble; `undefined` is what this gateway does not have. */
interface Probed {
  readonly directory: TokenDirectory
  readonly keyRing: FollowedKeyRing
  readonly configuration: FollowedSettings | undefined
  readonly certificates: FollowedCertificates | undefined
}

/** The probe of a gateway. A file that cannot be used, or a cache that does not answer, makes no gateway unready. */
export function readinessOf(
  { directory, keyRing, configuration, certificates }: Probed,
  phase: () => Phase,
): ReadinessProbe {
  return async () => {
    const { feed, canDecide, redis, replica } = directory.status()
    return {
      dataPlane: readinessOfPhase[phase()],
      tokens: canDecide ? (feed === 'fresh' ? 'ok' : 'degraded') : 'failed',
      ...(keyRing.state === 'fixed' ? {} : { keys: okIf(keyRing.state === 'followed') }),
      ...(certificates === undefined ? {} : { certificates: okIf(!certificates.isOutdated) }),
      ...(configuration === undefined ? {} : { configuration: okIf(configuration.status.isGood) }),
      ...(redis === 'off' ? {} : { redis: okIf(redis === 'up') }),
      ...(replica === 'off' ? {} : { replica: okIf(replica === 'up') }),
    }
  }
}

const readinessOfPhase = { starting: 'failed', open: 'ok', draining: 'draining' } as const

function okIf(isWell: boolean): 'ok' | 'degraded' {
  return isWell ? 'ok' : 'degraded'
}
