/**
 * A fact that stands in the query. Servers read queries in many ways; one counts only where all of them find the same
 * value under the name, whichever of two they would take, wherever they split, and whatever they take for a name.
 * @module
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is this expression's purpose
const control = /[\u0000-\u001f\u007f-\u009f]/

/** `query` is empty, or begins with `?`. `undefined` where nothing is certain, and for an empty value. */
export function queryFact(query: string, name: string): string | undefined {
  const found = query
    .slice(1)
    .split('&')
    .flatMap((part) => valuesIn(part, name))
  return found.length === 1 && found[0] !== '' ? found[0] : undefined
}

/** Values of the name in a part of the query: one of them is `undefined` where another server may read another one. */
function valuesIn(part: string, name: string): readonly (string | undefined)[] {
  const pieces = part.split(';')
  return pieces.flatMap((piece) => {
    const [named, value] = split(piece)
    if (named === undefined || value === undefined) return [undefined]
    if (!passesFor(named, name)) return []
    // What is behind a `;` belongs to the value, or is another parameter.
    return [named === name && pieces.length === 1 ? value : undefined]
  })
}

function split(piece: string): readonly [name: string | undefined, value: string | undefined] {
  const equals = piece.indexOf('=')
  return equals === -1
    ? [decoded(piece), '']
    : [decoded(piece.slice(0, equals)), decoded(piece.slice(equals + 1))]
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text.replaceAll('+', ' '))
    return control.test(plain) ? undefined : plain
  } catch {
    return undefined
  }
}

/** Some servers read names in any case; PHP drops the spaces around them, takes these for `_`, and `a[b]` for a part of `a`. */
function passesFor(named: string, name: string): boolean {
  const [wanted, likely] = [name, named].map((text) => text.trim().toLowerCase().replaceAll(/[ .[]/g, '_'))
  if (wanted === undefined || likely === undefined) return true
  return likely === wanted || (named.includes('[') && likely.startsWith(wanted))
}
