/**
 * Imports tokens that another service made, so that they go on working: all lines are read and checked first, and
 * nothing is recorded unless all are good, or the bad ones are to be skipped.
 * @module
 */

import type { Act } from '../../audit/entry.ts'
import { Secret } from '../../lib/secret.ts'
import { findOrAddSubject } from '../life/find-or-add-subject.ts'
import { lifetimes } from '../life/issue-problems.ts'
import type { Issuer } from '../life/issue-token.ts'
import { newRecordId } from '../record-id.ts'
import { foreignDigest } from './foreign-digest.ts'
import type { NewForeignToken } from './foreign-record.ts'
import { type ImportLine, readImportLine } from './import-line.ts'

/** Tokens of one transaction. */
const batchSize = 500

export interface ImportOptions {
  /** Import the good lines though there are bad ones. */
  readonly skipsBad: boolean
  /** Who imports, for the record. */
  readonly createdBy: string
  /** Whence, as the program that is asked saw it. */
  readonly origin: string
  /** Called after every batch with the number of lines that are done. */
  readonly onProgress?: (done: number, total: number) => void
}

/** How many lines came to what. */
export interface ImportCounts {
  readonly imported: number
  /** Known from an earlier import, and left as they are. */
  readonly already: number
  readonly expired: number
  readonly bad: number
}

export type Imported =
  /** `problems` are of the lines that were skipped. */
  | { readonly outcome: 'imported'; readonly counts: ImportCounts; readonly problems: readonly string[] }
  /** Nothing was recorded. */
  | { readonly outcome: 'refused'; readonly problems: readonly string[] }

interface NumberedLine extends ImportLine {
  readonly number: number
}

interface Problem {
  readonly number: number
  readonly sentence: string
}

/**
 * Every problem is told as `line N: sentence`. May be repeated: what is recorded already is passed over, also after a
 * failure of the store half-way, which throws. Holds all lines in memory, about a kilobyte each.
 */
export async function importTokens(
  issuer: Issuer,
  lines: AsyncIterable<string>,
  options: ImportOptions,
): Promise<Imported> {
  const read = await readLines(issuer, lines, options.createdBy)
  const unfit = await unfitSubjects(issuer, read.good)
  const found = [...read.problems, ...repeated(read.good), ...unfit].toSorted((a, b) => a.number - b.number)
  const problems = found.map(({ number, sentence }) => `line ${number}: ${sentence}`)
  if (problems.length > 0 && !options.skipsBad) return { outcome: 'refused', problems }

  const bad = new Set(found.map(({ number }) => number))
  const good = read.good.filter(({ number }) => !bad.has(number))
  const live = good.filter(({ isExpired }) => !isExpired)
  const imported = await record(issuer, live, options)
  return {
    outcome: 'imported',
    counts: {
      imported,
      already: live.length - imported,
      expired: good.length - live.length,
      bad: bad.size,
    },
    problems,
  }
}

async function readLines(
  { clock, isNetwork }: Issuer,
  lines: AsyncIterable<string>,
  createdBy: string,
): Promise<{ readonly good: readonly NumberedLine[]; readonly problems: readonly Problem[] }> {
  const good: NumberedLine[] = []
  const problems: Problem[] = []
  const now = clock.now()
  let number = 0
  for await (const text of lines) {
    number++
    if (text.trim() === '') continue
    const line = readImportLine(text, { now, isNetwork, createdBy })
    if ('hash' in line) good.push({ ...line, number })
    else for (const sentence of line) problems.push({ number, sentence })
  }
  return { good, problems }
}

/** A locator that stands twice would leave open which of two lines says what the token may do. */
function repeated(lines: readonly NumberedLine[]): readonly Problem[] {
  const first = new Map<string, number>()
  return lines.flatMap(({ number, format, hash }) => {
    const name = `${format} ${hash.locator}`
    const before = first.get(name)
    if (before !== undefined) return [{ number, sentence: `the same token as in line ${before}` }]
    first.set(name, number)
    return []
  })
}

async function unfitSubjects(
  { registry }: Issuer,
  lines: readonly NumberedLine[],
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  for (const [name, ofSubject] of Map.groupBy(lines, ({ request }) => request.subject)) {
    const subject = await registry.findSubject(name)
    if (subject === undefined || (subject.status === 'active' && subject.kind !== 'system')) continue
    const state = subject.kind === 'system' ? "the gateway's own" : subject.status
    for (const { number } of ofSubject) {
      problems.push({ number, sentence: `subject «${name}» is ${state}` })
    }
  }
  return problems
}

/** Yields how many were not recorded before. */
async function record(
  issuer: Issuer,
  lines: readonly NumberedLine[],
  { onProgress, createdBy, origin }: ImportOptions,
): Promise<number> {
  const act = { at: issuer.clock.now(), by: createdBy, origin, cause: '' }
  const subjectIds = new Map<string, string>()
  let imported = 0
  for (let start = 0; start < lines.length; start += batchSize) {
    const batch = lines.slice(start, start + batchSize)
    const tokens: NewForeignToken[] = []
    for (const line of batch) {
      tokens.push(newToken(issuer, line, await subjectIdOf(issuer, line, subjectIds, act)))
    }
    imported += await issuer.registry.foreign.add(tokens, act)
    onProgress?.(start + batch.length, lines.length)
  }
  return imported
}

async function subjectIdOf(
  { registry, clock }: Issuer,
  { request }: NumberedLine,
  known: Map<string, string>,
  act: Act,
): Promise<string> {
  const before = known.get(request.subject)
  if (before !== undefined) return before
  const wanted = { name: request.subject, kind: request.subjectKind ?? 'user' }
  const { subject } = await findOrAddSubject(registry, clock, wanted, act)
  known.set(request.subject, subject.id)
  return subject.id
}

function newToken({ keyRing, clock }: Issuer, line: NumberedLine, subjectId: string): NewForeignToken {
  const { format, request } = line
  const { locator, verifier, cost, publicText } = line.hash
  const createdAt = clock.now()
  const lifetimeMs = request.lifetimeMs ?? lifetimes[request.kind]?.defaultMs
  return {
    format,
    locator,
    verifier,
    cost,
    token: {
      id: newRecordId(clock),
      digest:
        publicText === undefined
          ? foreignDigest({ format, locator })
          : keyRing.digest(new Secret(publicText)),
      kind: request.kind,
      subjectId,
      scopes: request.scopes ?? [],
      bindings: request.bindings ?? {},
      access: request.access ?? 'read-only',
      networks: request.networks,
      paths: request.paths,
      description: request.description ?? '',
      expiresAt: lifetimeMs === undefined ? undefined : createdAt + lifetimeMs,
    },
  }
}
