/**
 * What a gateway counts, as its admin listener tells it.
 * @module
 */

import { request } from './raw-request.ts'

/** Every sample of `/metrics`, by its whole name with labels as the text format writes them. */
export async function readMetrics(adminPort: number): Promise<ReadonlyMap<string, number>> {
  const { body } = await request(adminPort, { path: '/metrics' })
  const samples = body.toString().matchAll(/^([^#\s][^\n]*) (\S+)$/gm)
  return new Map(Array.from(samples, ([, series = '', value]) => [series, Number(value)]))
}
