/**
 * What the parts of a cluster prove themselves by: an authority of its own, and a certificate for each.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificates {
  /** Path of the authority's certificate. */
  readonly authority: string
  /** Of the key that signs the tokens of service accounts. */
  readonly accountKey: string
  /** A new certificate, as paths. `subject` such as `/O=system:masters/CN=admin`, `names` such as `IP:127.0.0.1`. */
  issue(name: string, subject: string, names?: readonly string[]): Certificate
}

export interface Certificate {
  readonly certificate: string
  readonly key: string
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

export function newCertificates(folder: string): Certificates {
  const path = (name: string) => join(folder, name)
  const openssl = (...words: readonly string[]) => void execFileSync('openssl', words, { stdio: 'pipe' })
  const [authority, authorityKey, accountKey] = [path('ca.crt'), path('ca.key'), path('accounts.key')]
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    authorityKey,
    '-out',
    authority,
    '-days',
    '2',
    '-subj',
    '/CN=ca',
  )
  openssl('genpkey', '-algorithm', 'RSA', '-out', accountKey)
  return {
    authority,
    accountKey,
    issue(name, subject, names = []) {
      const [certificate, key, request, extensions] = ['crt', 'key', 'csr', 'ext'].map((end) =>
        path(`${name}.${end}`),
      ) as [string, string, string, string]
      writeFileSync(extensions, names.length > 0 ? `subjectAltName=${names.join()}\n` : '')
      openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', subject)
      const signer = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial']
      openssl(
        'x509',
        '-req',
        '-in',
        request,
        ...signer,
        '-days',
        '2',
        '-extfile',
        extensions,
        '-out',
        certificate,
      )
      return { certificate, key }
    },
  }
}
