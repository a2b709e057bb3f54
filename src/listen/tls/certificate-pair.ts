/**
 * A certificate with its key, and the authorities of client certificates, as their files have them: read whole, found
 * to belong together, and made into what a handshake needs.
 * @module
 */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { readTextFile } from '../../config/read-text-file.ts'
import type { Settings } from '../../config/schema/settings.ts'

export type TlsSettings = NonNullable<Settings['listen']['tls']>
type PairSettings = TlsSettings['certificates'][number]

/** A file of TLS that cannot be used: which setting names it, and why. Holds nothing of its content. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile'
  readonly setting: 'certificate' | 'key' | 'ca'

  constructor(setting: UnusableFile['setting'], message: string) {
    super(message)
    this.setting = setting
  }
}

/** PEM texts that belong together. */
export interface CertificatePair {
  readonly certificate: string
  readonly key: string
  /** That it is shown for, in lower case; the first label may be `*`. */
  readonly names: readonly string[]
  /** Milliseconds of the wall clock. */
  readonly validFrom: number
  readonly expiresAt: number
}

/** Throws an `UnusableFile`. An expired certificate is none: it is the clients who refuse it. */
export function readPair({ certificate: file, key: keyFile, names }: PairSettings): CertificatePair {
  const certificate = read(file, 'certificate')
  const key = read(keyFile, 'key')
  const leaf = parse(file, 'certificate', () => new X509Certificate(certificate))
  const privateKey = parse(keyFile, 'key', () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(privateKey)) throw new UnusableFile('key', `${keyFile} is not the key of ${file}`)
  const [validFrom, expiresAt] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)]
  return { certificate, key, names: names ?? namesOf(leaf), validFrom, expiresAt }
}

/** PEM text with at least one certificate. Throws an `UnusableFile`. */
export function readAuthorities(file: string): string {
  const text = read(file, 'ca')
  parse(file, 'ca', () => new X509Certificate(text))
  return text
}

/** What handshakes with the pair are made with. */
export function secureContext(
  { certificate, key }: CertificatePair,
  authorities: string | undefined,
  minVersion: TlsSettings['minVersion'],
): SecureContext {
  return createSecureContext(contextOptions({ certificate, key }, authorities, minVersion))
}

/** The same as options of a server. */
export function contextOptions(
  { certificate, key }: Pick<CertificatePair, 'certificate' | 'key'>,
  authorities: string | undefined,
  minVersion: TlsSettings['minVersion'],
) {
  return {
    cert: certificate,
    key,
    minVersion,
    ciphers,
    ...(authorities === undefined ? {} : { ca: authorities }),
  }
}

/**
 * TLS 1.3 as it is; of TLS 1.2 what keeps past traffic secret when a key is lost, with authenticated encryption, which
 * is also all that HTTP/2 allows (RFC 9113 section 9.2.2).
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

function read(file: string, setting: UnusableFile['setting']): string {
  const text = readTextFile(file, '.')
  if (!text.ok) throw new UnusableFile(setting, `${file} ${text.problem}`)
  return text.text
}

const expected = {
  certificate: 'holds no certificate in PEM',
  key: 'holds no unencrypted private key in PEM',
  ca: 'holds no certificate in PEM',
}

function parse<Value>(file: string, setting: UnusableFile['setting'], make: () => Value): Value {
  try {
    return make()
  } catch {
    throw new UnusableFile(setting, `${file} ${expected[setting]}`)
  }
}

/** The DNS names of a certificate. Its subject is none: clients have long ceased to read it. */
function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name.toLowerCase())
}
