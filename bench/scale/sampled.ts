/**
 * How long one question takes, asked many times in a row.
 * @module
 */

export interface Latency {
  readonly samples: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly maxMs: number
}

const warmups = 20
/** Where one answer takes long, fewer of them must do. */
const budgetMs = 10_000
const samplesMin = 5

/** Asks `count` times, or as often as ten seconds allow. `ask` is told the number of the question. */
export async function sampled(count: number, ask: (number: number) => Promise<unknown>): Promise<Latency> {
  const startedAt = performance.now()
  for (let number = 0; number < Math.min(warmups, count); number++) {
    await ask(number)
    if (performance.now() - startedAt > budgetMs / 4) break
  }
  const times: number[] = []
  const isOver = () => times.length >= samplesMin && performance.now() - startedAt > budgetMs
  while (times.length < count && !isOver()) times.push(await elapsedMs(() => ask(warmups + times.length)))
  return latencyOf(times)
}

export async function elapsedMs(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}

export function latencyOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { samples: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}
