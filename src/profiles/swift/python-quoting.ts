/**
 * Texts as Python prints them: `repr()` and `json.dumps()`, which Swift's error messages hold.
 * @module
 */

/** What Python calls not printable: categories «Other» and «Separator», except the blank. */
const unprintable = /(?! )[\p{C}\p{Z}]/gu
const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/**
 * `repr(text)`. Characters that this runtime's Unicode assigns and Python's does not yet, or the other way
 * round, may be printed where Python escapes them.
 */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const quoted = text
    .replaceAll('\\', '\\\\')
    .replaceAll(quote, `\\${quote}`)
    .replace(unprintable, (character) => {
      if (character === '\t' || character === '\n' || character === '\r') return named[character] ?? ''
      const point = character.codePointAt(0) ?? 0
      if (point <= 0xff) return `\\x${hexadecimal(point, 2)}`
      return point <= 0xffff ? `\\u${hexadecimal(point, 4)}` : `\\U${hexadecimal(point, 8)}`
    })
  return quote + quoted + quote
}

/** `json.dumps(text)`: ASCII only. */
export function pythonJsonText(text: string): string {
  const quoted = text.replace(
    /["\\]|[^ -~]/g,
    (unit) => named[unit] ?? `\\u${hexadecimal(unit.charCodeAt(0), 4)}`,
  )
  return `"${quoted}"`
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
