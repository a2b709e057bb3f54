/**
 * The load of a reload or a drain: autocannon with two workers, which counts every error and every answer that is not
 * a success.
 * @module
 */

import { fileURLToPath } from 'node:url'
import { runProcess } from '../../test/support/run-process.ts'

export interface Shots {
  readonly answered: number
  /** Connections that broke, and requests without an answer. */
  readonly errors: number
  readonly timeouts: number
  readonly not2xx: number
  readonly p99Ms: number
}

const autocannon = fileURLToPath(import.meta.resolve('autocannon'))
const connections = 32

/** The token is in a header that other users of the machine may read: it is good for nothing but this. */
export async function shoot(url: string, seconds: number, token: string): Promise<Shots> {
  const amount = ['--workers', '2', '-c', String(connections), '-d', String(seconds)]
  const header = ['-H', `Authorization: Bearer ${token}`]
  const args = [autocannon, '--json', '-n', ...amount, ...header, url]
  const running = await runProcess(process.execPath, { args })
  const outcome = await running.ended
  const output = running.output()
  if (outcome !== 0) throw new Error(`autocannon ended with ${outcome}:\n${output}`)
  const result = JSON.parse(output.slice(output.indexOf('{')))
  return {
    answered: result.requests.total,
    errors: result.errors,
    timeouts: result.timeouts,
    not2xx: result.non2xx,
    p99Ms: result.latency.p99,
  }
}
