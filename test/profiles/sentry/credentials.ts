/**
 * What clients of a Sentry hold, and the lines that an export of its database yields for them.
 * @module
 */

import { createHash } from 'node:crypto'

/** Texts of tokens, as Sentry makes them. */
export const sentryTokens = {
  user: '6c3ee2a1f9d84b7ea0c5f2b4d6789e01aa55bb66cc77dd88ee99ff0011223344',
  acme: '7d3ee2a1f9d84b7ea0c5f2b4d6789e01aa55bb66cc77dd88ee99ff0011223355',
  application: '8e3ee2a1f9d84b7ea0c5f2b4d6789e01aa55bb66cc77dd88ee99ff0011223366',
  expiring: '9f3ee2a1f9d84b7ea0c5f2b4d6789e01aa55bb66cc77dd88ee99ff0011223377',
  organization: `sntrys_${Buffer.from('{"iat":1,"url":"https://sentry.example","org":"acme"}').toString('base64')}_c2VjcmV0c2VjcmV0c2VjcmV0`,
  /** A token of an organization that the record knows nothing of but its digest. */
  unbound: 'sntrys_eyJvcmciOiJhY21lIn0_b3RoZXJzZWNyZXRvdGhlcnNlY3JldA',
  /** What the gateway's own tokens are exchanged for. */
  shared: 'sharedsharedsharedsharedsharedshared',
  system: 'systemsystemsystemsystemsystemsystemsystemsystemsystemsystemsyst',
} as const

export const dsnKeys = [
  { publicKey: 'a1b2c3d4e5f60718293a4b5c6d7e8f90', project: '42', slug: 'backend', isActive: true },
  { publicKey: 'b1b2c3d4e5f60718293a4b5c6d7e8f91', project: '43', slug: 'frontend', isActive: true },
  { publicKey: 'c1b2c3d4e5f60718293a4b5c6d7e8f92', project: '42', slug: 'backend', isActive: false },
] as const
export const [backendKey, frontendKey, inactiveKey] = dsnKeys

export const legacyKeys = [
  { key: '00112233445566778899aabbccddeeff', subject: 'legacy', isActive: true },
  { key: '11112233445566778899aabbccddeeff', subject: 'legacy-disabled', isActive: false },
] as const
export const [activeLegacyKey, disabledLegacyKey] = legacyKeys

/** Which Sentry signs whole requests with; the gateway has neither. */
export const signingKeys = { relay: 'relay-key', rpc: 'rpc-key' } as const

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function line(text: string, fields: object): object {
  return { format: 'sha256', hash: sha256(text), access: 'read-write', ...fields }
}

/** `expires`: of the one token that has an end. */
export function importedLines(expires: string): readonly object[] {
  const acme = { bindings: { organization: ['acme'] } }
  return [
    line(sentryTokens.user, { kind: 'personal', subject: 'alice' }),
    line(sentryTokens.acme, { kind: 'personal', subject: 'bob', ...acme }),
    line(sentryTokens.application, { kind: 'personal', subject: 'deployer', subjectKind: 'service' }),
    line(sentryTokens.expiring, { kind: 'personal', subject: 'carol', expires }),
    line(sentryTokens.organization, { kind: 'organization', subject: 'acme', ...acme }),
    line(sentryTokens.unbound, { kind: 'organization', subject: 'acme' }),
    ...legacyKeys.map(({ key, subject }) => line(key, { kind: 'organization', subject, ...acme })),
    ...dsnKeys.map(({ publicKey, project, slug, isActive }) => ({
      format: 'sentry-dsn',
      publicKey,
      kind: 'dsn',
      subject: isActive ? slug : 'inactive-keys',
      subjectKind: 'project',
      bindings: { project: [project, slug], organization: ['acme'] },
      access: 'read-write',
    })),
  ]
}
