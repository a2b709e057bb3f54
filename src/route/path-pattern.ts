/**
 * Path patterns such as `/v1/{account}/{container}/{object+}`, read once at start.
 * @module
 */

/** One piece of a pattern: fixed text, one named segment, or a named rest of the path. */
export type PatternPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'segment'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string; readonly mayBeEmpty: boolean }

const parameter = /^\{([A-Za-z][A-Za-z0-9_]*)([+*]?)\}$/

/** Pieces of a pattern. Throws a `RangeError` whose message says what to write instead. */
export function parsePattern(pattern: string): readonly PatternPiece[] {
  if (!pattern.startsWith('/')) throw new RangeError('a path pattern starts with «/»')
  const pieces = pattern.slice(1).split('/').map(parsePiece)
  const names = pieces.flatMap((piece) => (piece.kind === 'text' ? [] : [piece.name]))
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) throw new RangeError(`{${repeated}} stands twice in the pattern`)
  if (pieces.slice(0, -1).some((piece) => piece.kind === 'rest')) {
    throw new RangeError('{name+} and {name*} may only stand at the end of a pattern')
  }
  if (pieces.slice(0, -1).some((piece) => piece.kind === 'text' && piece.text === '')) {
    throw new RangeError('a path pattern has no two slashes in a row')
  }
  return pieces
}

/** Names of the parameters that a pattern yields. */
export function parameterNames(pieces: readonly PatternPiece[]): readonly string[] {
  return pieces.flatMap((piece) => (piece.kind === 'text' ? [] : [piece.name]))
}

function parsePiece(text: string): PatternPiece {
  const [, name, mark] = parameter.exec(text) ?? []
  if (name !== undefined) {
    return mark === '' ? { kind: 'segment', name } : { kind: 'rest', name, mayBeEmpty: mark === '*' }
  }
  if (!/^[A-Za-z0-9\-._~!$&'()*+,=:@]*$/.test(text) || text === '.' || text === '..') {
    throw new RangeError(
      `«${text}» is neither plain text nor {name}, {name+} or {name*}; a parameter is a whole segment`,
    )
  }
  return { kind: 'text', text }
}
