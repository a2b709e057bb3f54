/**
 * Numbers as sentences have them.
 * @module
 */

/** `1 token`, `2 tokens`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
