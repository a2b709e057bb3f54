/**
 * The certificates of a running gateway. Their files are read every second and when it is told to; what they hold
 * takes the place of what handshakes are made with, as one reference. Files that cannot be used leave the last good
 * certificates in force.
 * @module
 */

import type { SecureContext } from 'node:tls'
import {
  type CertificatePair,
  contextOptions,
  readAuthorities,
  readPair,
  secureContext,
  type TlsSettings,
} from './certificate-pair.ts'

const intervalMs = 1_000

export interface FollowedCertificatesOptions {
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

/** What the files hold. */
interface Contents {
  readonly pairs: readonly CertificatePair[]
  readonly authorities: string | undefined
}

/** All that handshakes are made with. */
interface Material extends Contents {
  /** By name. */
  readonly contexts: ReadonlyMap<string, SecureContext>
}

/** Reads at once: the files are small, and on this machine. */
export class FollowedCertificates {
  readonly #settings: TlsSettings
  readonly #log: FollowedCertificatesOptions['log']
  readonly #listeners: (() => void)[] = []
  #material: Material
  /** Why the files as they were last read are not in force. */
  #problem: string | undefined
  #timer: NodeJS.Timeout | undefined

  /** Throws an `UnusableFile` when there are no good certificates to begin with. */
  constructor(settings: TlsSettings, { log }: FollowedCertificatesOptions) {
    this.#settings = settings
    this.#log = log
    this.#material = this.#compile(this.#read())
    this.#warnOfExpired()
  }

  /** Whether the files hold something that cannot be used. */
  get isOutdated(): boolean {
    return this.#problem !== undefined
  }

  /** When the certificates in force expire, in milliseconds of the wall clock, each by the path of its file. */
  expiries(): readonly { readonly file: string; readonly expiresAt: number }[] {
    return this.#material.pairs.map(({ expiresAt }, index) => ({
      file: this.#settings.certificates[index]?.certificate ?? '',
      expiresAt,
    }))
  }

  /** For clients that name no host, or one that no certificate is for. */
  get fallback(): ReturnType<typeof contextOptions> {
    const { pairs, authorities } = this.#material
    const [first] = pairs
    if (first === undefined) throw new Error('TLS without a certificate')
    return contextOptions(first, authorities, this.#settings.minVersion)
  }

  /** The one for a name, itself or its domain; `undefined` for the fallback. */
  contextFor(name: string): SecureContext | undefined {
    const { contexts } = this.#material
    const lower = name.toLowerCase()
    return contexts.get(lower) ?? contexts.get(lower.replace(/^[^.]+/, '*'))
  }

  /** Tells `listener` when others are in force. */
  follow(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Its timer does not keep the process alive. */
  start(): void {
    this.#timer = setInterval(() => this.reload(), intervalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Reads the files and puts what they hold in force. Never throws: what is wrong is told once for each change. */
  reload(): void {
    try {
      const next = this.#read()
      const isSame = fingerprintOf(next) === fingerprintOf(this.#material)
      const isNews = !isSame || this.#problem !== undefined
      if (!isSame) this.#replace(this.#compile(next))
      this.#problem = undefined
      if (isNews)
        this.#log.info(
          { certificates: this.#expiriesForLog() },
          'the certificates were read and are in force',
        )
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown'
      if (reason === this.#problem) return
      this.#problem = reason
      this.#log.warn({ reason }, 'the certificates cannot be used: the last good ones stay')
    }
  }

  #replace(next: Material): void {
    this.#material = next
    this.#warnOfExpired()
    for (const listener of this.#listeners) listener()
  }

  #read(): Contents {
    const { certificates, clientCertificates } = this.#settings
    const { ca, mode } = clientCertificates
    const authorities = mode === 'none' || ca === undefined ? undefined : readAuthorities(ca)
    return { pairs: certificates.map(readPair), authorities }
  }

  #compile({ pairs, authorities }: Contents): Material {
    const contexts = new Map<string, SecureContext>()
    for (const pair of pairs) {
      const context = secureContext(pair, authorities, this.#settings.minVersion)
      // The first certificate for a name is the one that is shown.
      for (const name of pair.names) if (!contexts.has(name)) contexts.set(name, context)
    }
    return { pairs, authorities, contexts }
  }

  #warnOfExpired(): void {
    for (const { file, expiresAt } of this.expiries()) {
      if (expiresAt <= Date.now())
        this.#log.warn({ file }, 'a certificate has expired: clients will refuse it')
    }
  }

  #expiriesForLog(): readonly object[] {
    return this.expiries().map(({ file, expiresAt }) => ({
      file,
      expires: new Date(expiresAt).toISOString(),
    }))
  }
}

function fingerprintOf({ pairs, authorities }: Contents): string {
  return JSON.stringify([pairs.map(({ certificate, key }) => [certificate, key]), authorities])
}
