/**
 * Tokens as four other services made them: the text that their clients hold, how they send it, and the line that an
 * export of the service's database yields.
 * @module
 */

import { createHash } from 'node:crypto'
import { systemClock } from '../../../src/lib/clock.ts'
import { type Imported, importTokens } from '../../../src/tokens/foreign/import-tokens.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import type { TokenRegistry } from '../../../src/tokens/ports.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { vectors } from '../../unit/formats/vectors.ts'

export interface ForeignToken {
  readonly text: string
  readonly line: Readonly<Record<string, unknown>>
}

const [, gocdVector] = vectors.gocd
const [djangoVector] = vectors.drf_api_key

export const readTheDocsKey: ForeignToken = {
  text: djangoVector?.key ?? '',
  line: {
    format: 'django-api-key',
    prefix: djangoVector?.prefix,
    hash: djangoVector?.hashed_key,
    kind: 'build',
    subject: 'pip-builder',
    subjectKind: 'project',
    bindings: { project: ['pip'] },
    access: 'read-write',
    description: 'build 41',
    networks: null,
  },
}

export const gocdToken: ForeignToken = {
  text: gocdVector?.display_token ?? '',
  line: {
    format: 'gocd',
    saltId: gocdVector?.salt_id,
    salt: gocdVector?.salt,
    hash: gocdVector?.value,
    kind: 'personal',
    subject: 'pipeline-admin',
    access: 'read-write',
  },
}

const sentryText = '6c3ee2a1f9d84b7ea0c5f2b4d6789e01aa55bb66cc77dd88ee99ff0011223344'

export const sentryToken: ForeignToken = {
  text: sentryText,
  line: {
    format: 'sha256',
    hash: createHash('sha256').update(sentryText).digest('hex'),
    kind: 'personal',
    subject: 'sentry-user',
    scopes: ['project:read'],
    access: 'read-only',
  },
}

export const sentryDsnKey: ForeignToken = {
  text: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
  line: {
    format: 'sentry-dsn',
    publicKey: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
    kind: 'dsn',
    subject: 'web',
    subjectKind: 'project',
    bindings: { project: ['42'] },
    access: 'read-write',
  },
}

export const foreignTokens = [readTheDocsKey, gocdToken, sentryToken, sentryDsnKey]

/** Imports as a process beside the gateway would. */
export function importLines(
  registry: TokenRegistry,
  ring: string,
  lines: readonly (object | string)[],
  skipsBad = false,
): Promise<Imported> {
  const issuer = { registry, keyRing: parseKeyRing(ring), clock: systemClock, isNetwork: () => true }
  return importTokens(issuer, textsOf(lines), { skipsBad, createdBy: 'tester', origin: 'test' })
}

export function authorization(scheme: string, text: string): { readonly headers: readonly HeaderLine[] } {
  return { headers: [['Authorization', `${scheme} ${text}`]] }
}

async function* textsOf(lines: readonly (object | string)[]): AsyncGenerator<string> {
  for (const line of lines) yield typeof line === 'string' ? line : JSON.stringify(line)
}
