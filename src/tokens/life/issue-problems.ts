/**
 * What may be wrong with a request for a token. Everything is said at once, each as one sentence for whoever
 * asked. The limits keep what a token carries fit for a header and a log line.
 * @module
 */

import {
  accessLevels,
  type Bindings,
  type SubjectKind,
  subjectKinds,
  type TokenKind,
  tokenKinds,
} from '../token.ts'
import type { IssueRequest } from './issue-token.ts'

const hourMs = 3_600_000
/** A hundred years: what no kind exceeds, so that every expiry is a date. */
const lifetimeMaxMs = 36_525 * 24 * hourMs

/** How long tokens of a kind live when nobody says, and at the longest. A kind not named here need not expire. */
export const lifetimes: Partial<Record<TokenKind, { readonly defaultMs: number; readonly maxMs: number }>> = {
  build: { defaultMs: 3 * hourMs, maxMs: 24 * hourMs },
}

const descriptionMax = 256
/** Characters of a binding's value. */
const valueMax = 256
/** Characters of all rights as JSON: scopes travel in one header, and servers take some 8 KiB of them. */
const rightsMax = 8_192

/** Printable ASCII without a space: what can travel in a header and be read in a log. */
const plainName = /^[\x21-\x7e]{1,256}$/
/** RFC 6749, section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/
const bindingKey = /^[a-z][a-z0-9_-]{0,63}$/
const controlCharacter = /\p{Cc}/u
/** Names of subjects that begin so are the gateway's own. */
const ownName = 'sallyport:'

/** `isNetwork` tells whether a text is a CIDR block in canonical form. An empty list means that all is well. */
export function issueProblems(
  request: Omit<IssueRequest, 'origin'>,
  isNetwork: (text: string) => boolean,
): readonly string[] {
  const { kind, subject, subjectKind = 'user', access = 'read-only', description = '' } = request
  const problems: [isWrong: boolean, sentence: string][] = [
    [!tokenKinds.includes(kind), `kind must be one of ${tokenKinds.join(', ')}`],
    [kind === 'system', 'the system token is made by the gateway itself'],
    [!accessLevels.includes(access), `access must be one of ${accessLevels.join(', ')}`],
    [!plainName.test(request.createdBy), 'the issuer must be 1 to 256 printable characters without spaces'],
    [[...description].length > descriptionMax, `description must not exceed ${descriptionMax} characters`],
    [controlCharacter.test(description), 'description must be one line of text'],
  ]
  const said = problems.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence)
  return [
    ...said,
    ...subjectProblems(subject, subjectKind),
    ...sizeProblems(request),
    ...lifetimeProblems(request),
    ...bindingProblems(request.bindings ?? {}),
    ...wrong('scope', request.scopes, (scope) => scopeToken.test(scope)),
    ...wrong('canonical CIDR block', request.networks, isNetwork),
    ...wrong('path of whole segments, such as /v1/a', request.paths, isPathPrefix),
  ]
}

/** What may be wrong with a subject to be added. The alphabet has no two names that look alike. */
export function subjectProblems(name: string, kind: SubjectKind): readonly string[] {
  const problems: [isWrong: boolean, sentence: string][] = [
    [!plainName.test(name), 'subject must be 1 to 256 printable characters of ASCII without spaces'],
    [name.startsWith(ownName), `names that begin with «${ownName}» are the gateway's own`],
    [!subjectKinds.includes(kind), `the kind of subject must be one of ${subjectKinds.join(', ')}`],
    [kind === 'system', 'only the gateway itself makes a subject of kind system'],
  ]
  return problems.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence)
}

/** Whether a text is a line that may stand in a record: no control characters, and not too long. */
export function isRemark(text: string): boolean {
  return [...text].length <= descriptionMax && !controlCharacter.test(text)
}

type Rights = Pick<IssueRequest, 'scopes' | 'bindings' | 'networks' | 'paths'>

function sizeProblems({ scopes, bindings, networks, paths }: Rights): string[] {
  const { length } = JSON.stringify([scopes, bindings, networks, paths])
  return length > rightsMax
    ? [`scopes, bindings, networks and paths must not exceed ${rightsMax} characters altogether`]
    : []
}

function lifetimeProblems({ kind, lifetimeMs }: Pick<IssueRequest, 'kind' | 'lifetimeMs'>): string[] {
  if (lifetimeMs === undefined) return []
  if (!Number.isSafeInteger(lifetimeMs) || lifetimeMs <= 0)
    return ['the lifetime must be longer than nothing']
  const maxMs = lifetimes[kind]?.maxMs ?? lifetimeMaxMs
  return lifetimeMs > maxMs ? [`a ${kind} token lives at most ${maxMs / hourMs} hours`] : []
}

function bindingProblems(bindings: Bindings): string[] {
  return Object.entries(bindings).flatMap(([key, values]) => {
    if (!bindingKey.test(key)) return ['a binding key must be lower-case letters, digits, «_» or «-»']
    // A key without values would cover nothing, which nobody asks for knowingly.
    const isFit = values.length > 0 && values.every(isBindingValue)
    return isFit ? [] : [`binding «${key}» must have values, each a line of 1 to ${valueMax} characters`]
  })
}

function isBindingValue(value: string): boolean {
  return value !== '' && value.length <= valueMax && !controlCharacter.test(value)
}

function wrong(what: string, values: readonly string[] = [], isRight: (value: string) => boolean): string[] {
  return values.filter((value) => !isRight(value)).map((value) => `«${printable(value)}» is not a ${what}`)
}

/** A value as it may be quoted to people: short, and without what moves a terminal's cursor. */
function printable(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64)
}

function isPathPrefix(path: string): boolean {
  if (path === '/') return true
  const [first, ...segments] = path.split('/')
  return (
    first === '' &&
    segments.every((segment) => /^[\x21-\x7e]+$/.test(segment) && !/[?#\\]/.test(segment)) &&
    !segments.some((segment) => segment === '.' || segment === '..')
  )
}
