/**
 * A public key in a certificate, for servers that take keys in no other form. Nothing but the key in it is meant.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type webcrypto } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** In PEM. Made as an operator makes it, who has no private key of the gateway's: signed with one made for that alone. */
export function rootCertificate(jwk: webcrypto.JsonWebKey): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificate-'))
  try {
    const key = join(folder, 'public.pem')
    const signer = join(folder, 'signer.pem')
    const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    writeFileSync(key, createPublicKey({ format: 'jwk', key: jwk }).export({ type: 'spki', format: 'pem' }))
    writeFileSync(signer, signing.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    const words = ['x509', '-new', '-force_pubkey', key, '-signkey', signer, '-subj', '/CN=sallyport']
    return execFileSync('openssl', [...words, '-days', '30'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
