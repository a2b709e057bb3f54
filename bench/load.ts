/**
 * The load: 64 connections, each sending its next request when the last one is answered. Any answer but
 * success fails the run, because a refusal is cheaper than a request that is served.
 * @module
 */

import { fileURLToPath } from 'node:url'
import { findProgram, runProcess } from '../test/support/run-process.ts'

export interface Load {
  readonly requests: number
  readonly seconds: number
}

export type Header = readonly [name: string, value: string]

const connections = 64
const wrk = findProgram('wrk')
const autocannon = fileURLToPath(import.meta.resolve('autocannon'))

/** What generates the load on this machine. */
export const loadGenerator = wrk === undefined ? 'autocannon' : 'wrk'

/** Loads a URL for so many seconds. Throws when an answer was missing or not a success. */
export async function load(url: string, seconds: number, headers: readonly Header[]): Promise<Load> {
  const lines = headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const amount = ['-c', String(connections), '-d', String(seconds)]
  return wrk === undefined
    ? parseAutocannon(await run(process.execPath, [autocannon, '--json', '-n', ...amount, ...lines, url]))
    : parseWrk(await run(wrk, ['-t', '1', ...amount, ...lines, url]))
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const running = await runProcess(command, { args })
  const outcome = await running.ended
  if (outcome !== 0) throw new Error(`${command} ended with ${outcome}:\n${running.output()}`)
  return running.output()
}

function parseWrk(output: string): Load {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(output) ?? []
  if (requests === undefined || /Socket errors|Non-2xx/.test(output))
    throw new Error(`load failed:\n${output}`)
  return { requests: Number(requests), seconds: Number(seconds) }
}

function parseAutocannon(output: string): Load {
  const result: Record<string, unknown> = JSON.parse(output.slice(output.indexOf('{')))
  const { duration, errors, timeouts, non2xx, '2xx': requests } = result
  if (errors !== 0 || timeouts !== 0 || non2xx !== 0) throw new Error(`load failed:\n${output}`)
  return { requests: Number(requests), seconds: Number(duration) }
}
