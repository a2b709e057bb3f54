/**
 * Sizes as people write them: `512B`, `64KiB`, `1MiB`, `1GiB`.
 * @module
 */

const bytesOf = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** Bytes of a size text; throws a `RangeError` that names the text when it is not one. */
export function parseByteSize(text: string): number {
  const [, amount, unit] = /^(\d+)(B|KiB|MiB|GiB)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined) {
    throw new RangeError(`not a size: ${text} (write 512B, 64KiB, 1MiB or 1GiB)`)
  }
  return Number(amount) * bytesOf[unit as keyof typeof bytesOf]
}
