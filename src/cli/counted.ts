/**
 * Numbers as sentences have them.
 * @module
 */

/** `1 token`, `2 tokens`; `many` where an «s» is not enough. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
