/**
 * Fills an empty, migrated database through one psql(1) that reads `COPY` from its input: the text is made on one
 * core while the server takes it in on the other.
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { findPostgres } from '../../test/support/postgres.ts'
import { type MadeToken, type Population, projectName } from './population.ts'

/** Rows in one statement, whose triggers run at its end. */
const chunkRows = 50_000
/** Rows in one write. */
const writeRows = 500

/** `onProgress` is told how many tokens are on their way. Throws when psql fails, which says why on standard error. */
export async function fill(
  url: string,
  population: Population,
  onProgress: (tokens: number) => void,
): Promise<void> {
  const psql = findPostgres('psql')
  if (psql === undefined) throw new Error('psql is not installed')
  const child = spawn(psql, ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--dbname', url], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, PGOPTIONS: '-c synchronous_commit=off' },
  })
  const exited = once(child, 'exit')
  await pipeline(scriptOf(population, onProgress), child.stdin)
  const [code] = await exited
  if (code !== 0) throw new Error(`psql ended with ${code}`)
}

const subjectTarget = 'subjects (id, name, kind, status, created_at)'
const tokenTarget = `tokens (id, key_id, digest, kind, subject_id, scopes, bindings, access, networks, paths, \
description, created_at, created_by, expires_at, last_used_at, last_used_address, revoked_at, revoked_by, \
revoked_cause, parent_id)`

function* scriptOf(population: Population, onProgress: (tokens: number) => void): Generator<string> {
  yield* copyOf(subjectTarget, 0, population.subjects, (number) => subjectRow(population, number))
  for (let first = 0; first < population.size; first += chunkRows) {
    const end = Math.min(population.size, first + chunkRows)
    yield* copyOf(tokenTarget, first, end, (number) => tokenRow(population, number))
    onProgress(end)
  }
}

type Row = readonly (string | undefined)[]

function* copyOf(
  target: string,
  first: number,
  end: number,
  rowOf: (number: number) => Row,
): Generator<string> {
  yield `COPY ${target} FROM STDIN;\n`
  for (let from = first; from < end; from += writeRows) {
    let text = ''
    for (let number = from; number < Math.min(end, from + writeRows); number++) text += lineOf(rowOf(number))
    yield text
  }
  yield '\\.\n'
}

function lineOf(row: Row): string {
  return `${row.map((field) => field ?? '\\N').join('\t')}\n`
}

function subjectRow(population: Population, number: number): Row {
  const { id, name, kind, isActive } = population.subject(number)
  return [id, name, kind, isActive ? 'active' : 'disabled', 'now']
}

function tokenRow(population: Population, number: number): Row {
  const token = population.token(number)
  const { id, digest, kind, subject, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt } = token
  const bytes = `\\\\x${Buffer.from(digest.value, 'base64url').toString('hex')}`
  const isRevoked = revokedAt !== undefined
  return [
    ...[id, digest.keyId, bytes, kind, population.subjectId(subject)],
    ...[scopesOf(kind), bindingsOf(token), 'read-write', undefined, undefined],
    ...[`token ${number} of the nightly job`, timeOf(createdAt), createdBy, timeOf(expiresAt)],
    ...[timeOf(lastUsedAt), lastUsedAt === undefined ? undefined : '192.0.2.0/24'],
    ...[timeOf(revokedAt), isRevoked ? 'root' : undefined, isRevoked ? 'left the company' : undefined],
    token.parentId,
  ]
}

function scopesOf(kind: MadeToken['kind']): string {
  return kind === 'build' ? '{read:artifacts,write:artifacts}' : '{read:project}'
}

function bindingsOf({ project }: MadeToken): string {
  return project === undefined ? '{}' : JSON.stringify({ project: [projectName(project)] })
}

function timeOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
