/**
 * Certificates are judged at a given time.
 * @module
 */

import t from 'tap'
import { reportCertificates } from '../../../src/listen/tls/check-certificates.ts'
import { certificateFile } from '../../support/http2-client.ts'

t.test('a certificate that has expired, or is not valid yet, is a problem where it stands', async (t) => {
  const pair = {
    certificate: certificateFile('service.pem'),
    key: certificateFile('service.key'),
    names: undefined,
  }
  const tls = {
    certificates: [pair],
    minVersion: 'TLSv1.2' as const,
    http2: true,
    clientCertificates: { ca: undefined, mode: 'none' as const },
  }
  const problemsAt = (now?: string, section: 'listen' | 'decision' = 'listen') => {
    const problems: string[] = []
    reportCertificates(
      { [section]: { tls } },
      (path, message) => problems.push(`${path.join('.')}: ${message}`),
      now === undefined ? now : Date.parse(now),
    )
    return problems
  }
  t.strictSame(problemsAt(), [])
  t.strictSame(problemsAt('2030-01-01'), [])
  t.match(problemsAt('2200-01-01'), [
    /^listen\.tls\.certificates\.0\.certificate: .*service\.pem expired on 2126-10-29$/,
  ])
  t.match(problemsAt('2020-01-01'), [
    /^listen\.tls\.certificates\.0\.certificate: .*service\.pem is not valid before 2026-11-22$/,
  ])
  t.match(problemsAt('2200-01-01', 'decision'), [
    /^decision\.tls\.certificates\.0\.certificate: .*service\.pem expired on 2126-10-29$/,
  ])
})
