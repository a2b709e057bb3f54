/**
 * Durations as people write them: `500ms`, `30s`, `5m`, `3h`, `7d`.
 * @module
 */

const millisecondsOf = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration text; throws a `RangeError` that names the text when it is not one. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined) {
    throw new RangeError(`not a duration: ${text} (write 500ms, 30s, 5m, 3h or 7d)`)
  }
  return Number(amount) * millisecondsOf[unit as keyof typeof millisecondsOf]
}
