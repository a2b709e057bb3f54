/**
 * JSON pointers (RFC 6901), and the one form in which a value that they find becomes a fact.
 * @module
 */

/** The steps of a pointer. Its grammar was checked with the settings. */
export function compilePointer(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const arrayIndex = /^(0|[1-9]\d*)$/

/**
 * The text or the whole number at a pointer, as text. `undefined` for everything else: a number that JavaScript would
 * round is not the number that the service reads.
 */
export function factAt(document: unknown, steps: readonly string[]): string | undefined {
  let value = document
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    if (Array.isArray(value) && !arrayIndex.test(step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  if (typeof value === 'string') return value === '' ? undefined : value
  return Number.isSafeInteger(value) ? String(value) : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `undefined` for bytes that are not JSON in UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}
