/**
 * Reads one JSON object, more strictly than `JSON.parse`: a name that stands twice in an object would leave open which
 * of the two is meant, and the later one would win unseen.
 * @module
 */

/** A string, with the colon behind it where it is a name, or what opens or closes an object or a list. */
const piece = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g

/** The object, or a sentence on what is wrong, which quotes nothing. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return 'expected one JSON object'
    return repeatsName(text) ? 'a name stands twice in one object' : value
  } catch {
    // Its message quotes the text.
    return 'expected one JSON object'
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Of a text that is JSON. */
function repeatsName(json: string): boolean {
  const open: Set<string>[] = []
  for (const [found, quoted, colon] of json.matchAll(piece)) {
    if (quoted === undefined) {
      if (found === '{' || found === '[') open.push(new Set())
      else open.pop()
    } else if (colon !== undefined) {
      const names = open.at(-1)
      const name: string = JSON.parse(quoted)
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}
