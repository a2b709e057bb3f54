/**
 * What may be wrong with a request for a token. Everything is said at once, each as one sentence for whoever
 * asked. The limits keep what a token carries fit for a header and a log line.
 * @module
 */

import { accessLevels, type Bindings, subjectKinds, type TokenKind, tokenKinds } from '../token.ts'
import type { IssueRequest } from './issue-token.ts'

const hourMs = 3_600_000
/** A hundred years: what no kind exceeds, so that every expiry is a date. */
const lifetimeMaxMs = 36_525 * 24 * hourMs

/** How long tokens of a kind live when nobody says, and at the longest. A kind not named here need not expire. */
export const lifetimes: Partial<Record<TokenKind, { readonly defaultMs: number; readonly maxMs: number }>> = {
  build: { defaultMs: 3 * hourMs, maxMs: 24 * hourMs },
}

const descriptionMax = 256

/** Printable ASCII without a space: what can travel in a header and be read in a log. */
const plainName = /^[\x21-\x7e]{1,256}$/
/** RFC 6749, section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/
const bindingKey = /^[a-z][a-z0-9_-]{0,63}$/
const controlCharacter = /\p{Cc}/u

/** `isNetwork` tells whether a text is a CIDR block in canonical form. An empty list means that all is well. */
export function issueProblems(
  request: Omit<IssueRequest, 'origin'>,
  isNetwork: (text: string) => boolean,
): readonly string[] {
  const { kind, subject, subjectKind = 'user', access = 'read-only', description = '' } = request
  const problems: [isWrong: boolean, sentence: string][] = [
    [!tokenKinds.includes(kind), `kind must be one of ${tokenKinds.join(', ')}`],
    [kind === 'system', 'the system token is made by the gateway itself'],
    [!plainName.test(subject), 'subject must be 1 to 256 printable characters without spaces'],
    [!subjectKinds.includes(subjectKind), `the kind of subject must be one of ${subjectKinds.join(', ')}`],
    [subjectKind === 'system', 'only the gateway itself makes a subject of kind system'],
    [!accessLevels.includes(access), `access must be one of ${accessLevels.join(', ')}`],
    [!plainName.test(request.createdBy), 'the issuer must be 1 to 256 printable characters without spaces'],
    [[...description].length > descriptionMax, `description must not exceed ${descriptionMax} characters`],
    [controlCharacter.test(description), 'description must be one line of text'],
  ]
  const said = problems.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence)
  return [
    ...said,
    ...lifetimeProblems(request),
    ...bindingProblems(request.bindings ?? {}),
    ...wrong('scope', request.scopes, (scope) => scopeToken.test(scope)),
    ...wrong('canonical CIDR block', request.networks, isNetwork),
    ...wrong('path of whole segments, such as /v1/a', request.paths, isPathPrefix),
  ]
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
    const isFit = values.length > 0 && values.every((value) => value !== '' && !controlCharacter.test(value))
    return isFit ? [] : [`binding «${key}» must have values, none of them empty`]
  })
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
