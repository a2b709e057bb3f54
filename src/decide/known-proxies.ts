/**
 * Which proxies may ask. What a question says of a request is believed only from one that has proved itself, by a secret
 * or by a certificate: where it connects from proves nothing.
 * @module
 */

import { createHash } from 'node:crypto'
import type { DecisionSettings } from '../config/schema/decision.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import { type CopiedHeaders, compileCopiedHeaders } from './copied-headers.ts'

export interface KnownProxy {
  readonly name: string
  readonly copied: CopiedHeaders
}

/** What a proxy shows of itself. */
export interface ProxyEvidence {
  /** Each value of `X-Sallyport-Proxy`. */
  readonly secrets: readonly string[]
  /** Names of the verified certificate of its connection. */
  readonly certificateNames: readonly string[]
}

/** Header, and metadata of gRPC, that a proxy proves itself by. */
export const proxySecretHeader = 'x-sallyport-proxy'

export type IdentifyProxy = (evidence: ProxyEvidence) => KnownProxy | Refusal

const unproved = refuse('untrusted_proxy', 'neither a secret nor a certificate of a proxy that may ask')
const twice = refuse('untrusted_proxy', 'more than one secret')

/** Whoever shows a certificate of a proxy is that one, whatever secret its client sends along. */
export function compileKnownProxies(settings: DecisionSettings['proxies']): IdentifyProxy {
  const bySecret = new Map<string, KnownProxy>()
  const byCertificate = new Map<string, KnownProxy>()
  for (const { name, secrets, certificates, copies } of settings) {
    const proxy = { name, copied: compileCopiedHeaders(copies) }
    for (const secret of secrets) bySecret.set(digestOf(secret), proxy)
    for (const certificate of certificates) byCertificate.set(certificate, proxy)
  }

  return ({ secrets: [secret, ...more], certificateNames }) => {
    for (const name of certificateNames) {
      const proxy = byCertificate.get(name)
      if (proxy !== undefined) return proxy
    }
    if (more.length > 0) return twice
    return (secret === undefined ? undefined : bySecret.get(digestOf(secret))) ?? unproved
  }
}

/** How far two digests agree tells nothing of how far the secrets do. */
function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64')
}
