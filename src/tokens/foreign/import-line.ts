/**
 * One line of an import: a JSON object that says how the text of a token is recognised and proven, and what the token
 * may do. Whatever is misspelt or left over is a problem, so that no restriction is lost on the way.
 * @module
 */

import type { ForeignFormat, ForeignHash } from '../formats/foreign-format.ts'
import { foreignFormatOf, foreignFormats } from '../formats/foreign-formats.ts'
import { issueProblems } from '../life/issue-problems.ts'
import type { IssueRequest } from '../life/issue-token.ts'
import type { Bindings } from '../token.ts'
import { isObject, parseObject } from './parse-object.ts'

/** A line that can be imported. */
export interface ImportLine {
  readonly format: ForeignFormat['name']
  readonly hash: ForeignHash
  readonly request: LineRequest
  /** Already expired: nothing to record, and nothing wrong. */
  readonly isExpired: boolean
}

/** Where all lines come from is said once. */
type LineRequest = Omit<IssueRequest, 'origin'>

export interface ImportLineContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly isNetwork: (text: string) => boolean
  /** Who imports, for the record. */
  readonly createdBy: string
}

type Fields = Readonly<Record<string, unknown>>
type Check = readonly [isRight: (value: unknown) => boolean, what: string]

/** Characters of a line; what is longer is no token. */
export const importLineMax = 65_536
const isText = (value: unknown) => typeof value === 'string'
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText)
const isBindings = (value: unknown) => isObject(value) && Object.values(value).every(isTexts)
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/
const isInstant = (value: unknown) =>
  typeof value === 'string' && instant.test(value) && !Number.isNaN(Date.parse(value))

/** What every format has in common. */
const checks: Readonly<Record<string, Check>> = {
  format: [isText, 'text'],
  kind: [isText, 'text'],
  subject: [isText, 'text'],
  subjectKind: [isText, 'text'],
  scopes: [isTexts, 'a list of texts'],
  bindings: [isBindings, 'lists of texts by their keys, such as {"project": ["pip"]}'],
  access: [isText, 'text'],
  networks: [isTexts, 'a list of texts'],
  paths: [isTexts, 'a list of texts'],
  expires: [isInstant, 'a time such as 2026-01-31T12:00:00Z'],
  description: [isText, 'text'],
}

/** The line, or everything that is wrong with it. No problem quotes a hash. */
export function readImportLine(text: string, context: ImportLineContext): ImportLine | readonly string[] {
  if (text.length > importLineMax) return [`longer than ${importLineMax} characters`]
  const object = parseObject(text)
  if (typeof object === 'string') return [object]
  // `null` is as good as nothing: exports of databases are full of it.
  const fields: Fields = Object.fromEntries(Object.entries(object).filter(([, field]) => field !== null))
  const format = foreignFormatOf(fields.format)
  if (format === undefined) {
    return [`format must be one of ${foreignFormats.map(({ name }) => name).join(', ')}`]
  }
  const problems = formProblems(fields, format)
  if (problems.length > 0) return problems

  const expiresAt = fields.expires === undefined ? undefined : firstMomentOver(String(fields.expires), format)
  const isExpired = expiresAt !== undefined && expiresAt <= context.now
  const lifetimeMs = expiresAt === undefined || isExpired ? undefined : expiresAt - context.now
  const request = requestOf(fields, lifetimeMs, context.createdBy)
  const hash = format.read(fields)
  const said = [
    ...(typeof hash === 'string' ? [hash] : []),
    ...dsnProblems(format, request),
    ...issueProblems(request, context.isNetwork),
  ]
  return typeof hash === 'string' || said.length > 0
    ? said
    : { format: format.name, hash, request, isExpired }
}

/** Tokens of the gateway are expired from the millisecond of their expiry on. */
function firstMomentOver(expires: string, { isGoodAtExpiry }: ForeignFormat): number {
  return Date.parse(expires) + (isGoodAtExpiry ? 1 : 0)
}

function formProblems(fields: Fields, format: ForeignFormat): readonly string[] {
  const known = [...Object.keys(checks), ...format.fields]
  const strange = Object.keys(fields).filter((name) => !known.includes(name))
  const malformed = Object.entries(checks).flatMap(([name, [isRight, what]]) =>
    fields[name] === undefined || isRight(fields[name]) ? [] : [`${name} must be ${what}`],
  )
  const missing = ['kind', 'subject'].filter((name) => fields[name] === undefined)
  return [
    // The name of a field may be a secret that slipped, so it is not quoted.
    ...(strange.length > 0 ? [`unknown fields: a ${format.name} line has ${known.join(', ')}`] : []),
    ...missing.map((name) => `${name} is missing`),
    ...malformed,
  ]
}

/** The grammar of every word is checked by `issueProblems`, which knows what may be issued. */
function requestOf(fields: Fields, lifetimeMs: number | undefined, createdBy: string): LineRequest {
  const { kind, subject, subjectKind, scopes, bindings, access, networks, paths, description } = fields
  const given = {
    kind,
    subject,
    subjectKind,
    scopes,
    bindings,
    access,
    networks,
    paths,
    description,
    lifetimeMs,
  }
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...(Object.fromEntries(present) as unknown as LineRequest), createdBy }
}

/** A DSN is public by nature: its key must not stand for anything else, nor for more than its projects. */
function dsnProblems({ name }: ForeignFormat, { kind, bindings = {} }: LineRequest): readonly string[] {
  const isDsn = name === 'sentry-dsn'
  if (isDsn !== (kind === 'dsn')) return ['tokens of kind dsn, and only those, are of format sentry-dsn']
  const hasProject = (bindings as Bindings).project !== undefined
  return isDsn && !hasProject ? ['a DSN must be bound to its project'] : []
}
