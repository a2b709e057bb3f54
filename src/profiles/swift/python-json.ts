/**
 * JSON as Python's `json.loads` reads a text: `NaN` and `Infinity` are numbers, the last of repeated keys counts,
 * keys keep the order of the document, and control characters in strings are errors.
 * @module
 */

/** A value; of numbers and literals only that they are neither strings nor containers. */
export type PythonJson = string | readonly PythonJson[] | ReadonlyMap<string, PythonJson> | null

/**
 * Containers within containers. Python gives up near 1000, less what its caller has on the stack, and Swift
 * answers 500 then; nothing that deep means anything, so it counts as malformed well before.
 */
export const nestingMax = 500

/** Python refuses to convert longer integers. */
const integerDigitsMax = 4300

const space = /[ \t\n\r]*/y
const number = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y
const literal = /null|true|false|NaN|-?Infinity/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: a string may not hold control characters
const stringText = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y
const escapes = /\\(?:u(....)|(.))/g
const escaped: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

class Malformed extends Error {}

/** The value of a document, or `undefined` when Python finds a syntax error. */
export function parsePythonJson(text: string): PythonJson | undefined {
  const reader = new Reader(text)
  try {
    return reader.document()
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): PythonJson {
    this.#take(space)
    const value = this.#value()
    this.#take(space)
    if (this.#at < this.#text.length) throw new Malformed()
    return value
  }

  #value(): PythonJson {
    if (this.#skip('"')) return this.#string()
    if (this.#skip('[')) return this.#nested(() => this.#list())
    if (this.#skip('{')) return this.#nested(() => this.#object())
    if (this.#take(literal) !== undefined) return null
    const found = this.#take(number)
    if (found === undefined) throw new Malformed()
    if (/^-?[0-9]+$/.test(found) && found.replace('-', '').length > integerDigitsMax) throw new Malformed()
    return null
  }

  #nested<Value>(read: () => Value): Value {
    this.#depth++
    if (this.#depth > nestingMax) throw new Malformed()
    this.#take(space)
    const value = read()
    this.#depth--
    return value
  }

  #list(): readonly PythonJson[] {
    const list: PythonJson[] = []
    if (this.#skip(']')) return list
    for (;;) {
      list.push(this.#value())
      if (this.#ends(']')) return list
    }
  }

  #object(): ReadonlyMap<string, PythonJson> {
    const object = new Map<string, PythonJson>()
    if (this.#skip('}')) return object
    for (;;) {
      this.#demand('"')
      const key = this.#string()
      this.#take(space)
      this.#demand(':')
      this.#take(space)
      object.set(key, this.#value())
      if (this.#ends('}')) return object
    }
  }

  /** After an element: whether the container ends here, or a comma promises another one. */
  #ends(closing: string): boolean {
    this.#take(space)
    if (this.#skip(closing)) return true
    this.#demand(',')
    this.#take(space)
    return false
  }

  #string(): string {
    const found = this.#take(stringText)
    if (found === undefined) throw new Malformed()
    const content = found.slice(0, -1)
    if (!content.includes('\\')) return content
    return content.replace(escapes, (_, unit: string | undefined, letter: string) =>
      unit === undefined ? (escaped[letter] ?? letter) : String.fromCharCode(Number.parseInt(unit, 16)),
    )
  }

  #demand(character: string): void {
    if (!this.#skip(character)) throw new Malformed()
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }
}
