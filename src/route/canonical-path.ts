/**
 * The strict form of a request path: one spelling, which every server reads alike. Whatever two servers could
 * read differently (dot segments, `//`, encoded slashes, `;`, double encoding, controls) is turned away.
 * @module
 */

/** Why a path has no canonical form; for the log. */
export interface PathProblem {
  readonly problem: string
}

/** A path in its one spelling, and its segments with percent-encoding undone. */
export interface CanonicalPath {
  readonly path: string
  readonly segments: readonly string[]
}

/** RFC 3986 `pchar` and `/`, without `;` (path parameters) and `%`. */
const plainPath = /^[A-Za-z0-9\-._~!$&'()*+,=:@/]*$/
const encodedPath = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@/]|%[0-9A-Fa-f]{2})*$/
const unreserved = /[A-Za-z0-9\-._~]/
/** C0, DEL and C1: no name needs them, and servers cut or fold at them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is this expression's purpose
const control = /[\u0000-\u001f\u007f-\u009f]/

/**
 * Bring a raw path into its canonical form: unreserved characters decoded, hexadecimal digits in upper case
 * (RFC 3986 section 6.2.2). Everything that is not harmless in every server is a problem.
 */
export function canonicalPath(raw: string): CanonicalPath | PathProblem {
  if (raw.charCodeAt(0) !== 0x2f) return { problem: 'the path does not start with a slash' }
  if (plainPath.test(raw)) {
    const segments = raw.slice(1).split('/')
    return problemOfSegments(segments) ?? { path: raw, segments }
  }
  if (!encodedPath.test(raw)) return { problem: 'a character or an escape that a path may not hold' }
  const path = raw.replace(/%[0-9A-Fa-f]{2}/g, normalEscape)
  const segments: string[] = []
  for (const segment of path.slice(1).split('/')) {
    const decoded = decodeSegment(segment)
    if (decoded === undefined) return { problem: 'an escape that servers read differently' }
    segments.push(decoded)
  }
  return problemOfSegments(segments) ?? { path, segments }
}

/**
 * The text of one segment, or `undefined` when it is not valid UTF-8 or hides a slash, a backslash, a
 * semicolon, a percent sign or a control character.
 */
export function decodeSegment(segment: string): string | undefined {
  if (!segment.includes('%')) return isHarmless(segment) ? segment : undefined
  try {
    const text = decodeURIComponent(segment)
    return isHarmless(text) ? text : undefined
  } catch {
    return undefined
  }
}

function isHarmless(text: string): boolean {
  return !/[/\\;%]/.test(text) && !control.test(text)
}

function normalEscape(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
  return unreserved.test(character) ? character : triplet.toUpperCase()
}

function problemOfSegments(segments: readonly string[]): PathProblem | undefined {
  const last = segments.length - 1
  for (let index = 0; index <= last; index++) {
    const segment = segments[index]
    if (segment === '.' || segment === '..') return { problem: 'a dot segment' }
    if (segment === '' && index < last) return { problem: 'an empty segment (two slashes in a row)' }
  }
  return undefined
}
