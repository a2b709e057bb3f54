/**
 * What may stand in a message, whichever version of HTTP carries it (RFC 9110 section 5). Text is latin-1.
 * @module
 */

/** A method, or the name of a field. */
export const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Bare CR and LF, NUL and their like. A tab is white space, and bytes beyond ASCII have no meaning (obs-text). */
export const controlInField = /[^\t\x20-\x7e\x80-\xff]/

/** What would end a target. */
export const forbiddenInTarget = /[^\x21-\x7e\x80-\xff]/

/** Methods whose requests say that they have no body (RFC 9110 section 8.6). */
export const methodsWithContent: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** A length without a second reading; `undefined` where it is none. */
export function lengthIn(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
