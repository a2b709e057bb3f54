/**
 * A token as JSON, and back. Every field is written, the empty ones as `null`, and text is only read as a token when
 * it has exactly the fields that this release knows: a restriction is neither lost nor overlooked between releases.
 * @module
 */

import {
  accessLevels,
  type Subject,
  type SubjectStatus,
  subjectKinds,
  type Token,
  tokenKinds,
} from '../token.ts'

type Check = (value: unknown) => boolean

const subjectStatuses: readonly SubjectStatus[] = ['active', 'disabled', 'deleted']

const isText: Check = (value) => typeof value === 'string'
const isTime: Check = (value) => Number.isSafeInteger(value)
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isBindings: Check = (value) => isRecord(value) && Object.values(value).every(isTexts)
const isSubject: Check = (value) => hasExactly(value, subjectFields)
const oneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)

const subjectFields: Readonly<Record<keyof Subject, Check>> = {
  id: isText,
  name: isText,
  kind: oneOf(subjectKinds),
  status: oneOf(subjectStatuses),
  createdAt: isTime,
}

const tokenFields: Readonly<Record<keyof Token, Check>> = {
  id: isText,
  kind: oneOf(tokenKinds),
  subject: isSubject,
  scopes: isTexts,
  bindings: isBindings,
  access: oneOf(accessLevels),
  networks: orNull(isTexts),
  paths: orNull(isTexts),
  description: isText,
  createdAt: isTime,
  createdBy: isText,
  expiresAt: orNull(isTime),
  lastUsedAt: orNull(isTime),
  lastUsedAddress: orNull(isText),
  revokedAt: orNull(isTime),
  revokedBy: orNull(isText),
  revokedCause: orNull(isText),
  parentId: orNull(isText),
  rotatedFrom: orNull(isText),
  rotatedTo: orNull(isText),
}

/** What `JSON.stringify` is to be given. Fields beyond those of a token are left out. */
export function tokenToJson(token: Token): object {
  const fields = Object.keys(tokenFields) as (keyof Token)[]
  return Object.fromEntries(fields.map((field) => [field, token[field] ?? null]))
}

/** The token in a parsed JSON value; `undefined` when it is not exactly one. */
export function tokenFromJson(value: unknown): Token | undefined {
  if (!hasExactly(value, tokenFields)) return undefined
  return Object.fromEntries(
    Object.entries(value).map(([field, held]) => [field, held ?? undefined]),
  ) as unknown as Token
}

function hasExactly(
  value: unknown,
  fields: Readonly<Record<string, Check>>,
): value is Record<string, unknown> {
  if (!isRecord(value)) return false
  const checks = Object.entries(fields)
  return (
    Object.keys(value).length === checks.length &&
    checks.every(([field, check]) => Object.hasOwn(value, field) && check(value[field]))
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
