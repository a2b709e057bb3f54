/**
 * Certificates of their own authority, made by OpenSSL for one test.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from './private-server.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** For a DNS name; its files are removed when the test is over. */
export function makeCertificate(t: Scope, name: string): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [cert, key] = [join(folder, 'own.pem'), join(folder, 'own.key')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-out', cert, '-keyout', key], {
    stdio: 'ignore',
  })
  return { cert, key }
}
