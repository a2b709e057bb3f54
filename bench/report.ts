/**
 * What must be known of figures to read them: the machine, and how several become one.
 * @module
 */

import { arch, cpus, platform, release } from 'node:os'

/** What must be known of the machine to compare its figures with others. */
export function machineFacts() {
  const cores = cpus()
  return {
    processor: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
  } as const
}

/** A Markdown table; all columns but the first are of numbers. */
export function table(
  [first = '', ...others]: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [[first, ...others], ['---', ...others.map(() => '---:')], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = low] =
    sorted.length % 2 === 1 ? sorted.slice(middle) : sorted.slice(middle - 1)
  return sorted.length % 2 === 1 ? low : (low + high) / 2
}
