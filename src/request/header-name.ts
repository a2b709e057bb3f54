/**
 * Header names, read once per spelling. `_` counts as `-`, as does every other mark, and case does not count, because that
 * is how CGI and WSGI servers read names: whatever the gateway guards, it guards in every spelling.
 * @module
 */

/** One spelling of a header name. */
export interface HeaderName {
  /** In lower case, as it would be forwarded. */
  readonly lower: string
  /** In lower case with every mark (`_`, `.`, `!` …) read as `-`: what every rule compares. */
  readonly folded: string
  /** Has a mark other than `-`, which some servers read as `_`, and so as `-`. */
  readonly isDisguised: boolean
}

/** The readings of one raw spelling. */
function readHeaderName(raw: string): HeaderName {
  const lower = raw.toLowerCase()
  const isDisguised = marks.test(lower)
  return { lower, folded: isDisguised ? lower.replaceAll(allMarks, '-') : lower, isDisguised }
}

/** Of the characters that names may have (RFC 9110 section 5.6.2), those that are neither letter, digit nor `-`. */
const marks = /[^a-z0-9-]/
const allMarks = new RegExp(marks, 'g')

const spellingsMax = 2048
const spellingLengthMax = 64

/**
 * Remembers what was made of each spelling of a header name, so that a request costs one look-up per header.
 * Clients can make up names without end, so the memory is emptied when it is full.
 */
export class HeaderNameMemo<Reading> {
  readonly #read: (name: HeaderName) => Reading
  readonly #known = new Map<string, Reading>()

  constructor(read: (name: HeaderName) => Reading) {
    this.#read = read
  }

  get(raw: string): Reading {
    const known = this.#known.get(raw)
    if (known !== undefined) return known
    const reading = this.#read(readHeaderName(raw))
    if (raw.length <= spellingLengthMax) {
      if (this.#known.size >= spellingsMax) this.#known.clear()
      this.#known.set(raw, reading)
    }
    return reading
  }
}

const none: readonly string[] = []

/** Values of every line of one header (given in lower case), in order of appearance. */
export function valuesOfHeader(rawHeaders: readonly string[], lower: string): readonly string[] {
  let values: string[] | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name === undefined || name.length !== lower.length || name.toLowerCase() !== lower) continue
    values ??= []
    values.push(rawHeaders[index + 1] ?? '')
  }
  return values ?? none
}

/** All lines but those with one of the names (given in lower case). */
export function withoutHeaders(rawHeaders: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (!names.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1] ?? '')
  }
  return kept
}
