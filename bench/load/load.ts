/**
 * Loads a server: with wrk where it is installed, else with autocannon; WebSockets and paced requests with clients of
 * our own. Whoever it is runs in a process of its own.
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serverFolder } from '../../test/support/private-server.ts'
import { findProgram, runProcess } from '../../test/support/run-process.ts'
import { parseAutocannon, recordedRequests } from './autocannon.ts'
import type { Load, Traffic } from './traffic.ts'
import { parseWrk, wrkScript } from './wrk.ts'

const wrk = findProgram('wrk')
const autocannon = fileURLToPath(import.meta.resolve('autocannon'))
/** Of the share of refusals: who is cut off at the end was in turn, too. */
const shareTolerance = 0.02

/** What generates the load on this machine. */
export const loadGenerator = wrk === undefined ? 'autocannon' : 'wrk'

/** As much as so many connections get through in so many seconds. Throws when answers were missing or not those due. */
export async function load(url: string, seconds: number, traffic: Traffic): Promise<Load> {
  const done = await (traffic.kind !== 'http' ? ours : wrk === undefined ? cannon : wrkOf(wrk))(
    url,
    seconds,
    traffic,
  )
  const share = done.refused / done.requests
  const isDue =
    traffic.refusedShare % 1 === 0
      ? share === traffic.refusedShare
      : Math.abs(share - traffic.refusedShare) < shareTolerance
  if (!isDue) throw new Error(`${url}: ${done.refused} of ${done.requests} answers were refusals`)
  return done
}

/** So many requests a second, whenever the ones before are answered; each is timed from when it was due. */
export function pacedLoad(url: string, seconds: number, traffic: Traffic, rate: number): Promise<Load> {
  return ours(url, seconds, traffic, rate)
}

function wrkOf(command: string) {
  return async (url: string, seconds: number, traffic: Traffic): Promise<Load> => {
    const folder = serverFolder('wrk')
    const script = join(folder, 'traffic.lua')
    const tokens = join(folder, 'tokens')
    writeFileSync(tokens, traffic.tokens.join('\n'))
    writeFileSync(script, wrkScript(traffic, tokens))
    const amount = ['-t', '1', '-c', String(traffic.connections), '-d', String(seconds), '--timeout', '30']
    return parseWrk(await output(command, [...amount, '-s', script, url]))
  }
}

async function cannon(url: string, seconds: number, traffic: Traffic): Promise<Load> {
  const file = join(serverFolder('autocannon'), 'requests.har')
  writeFileSync(file, JSON.stringify(recordedRequests(url, traffic)))
  const amount = ['-c', String(traffic.connections), '-d', String(seconds)]
  return parseAutocannon(
    await output(process.execPath, [autocannon, '--json', '-n', ...amount, '--har', file, url]),
  )
}

const scripts = { http: 'paced', websocket: 'echo', check: 'check' } as const

async function ours(url: string, seconds: number, traffic: Traffic, rate = 0): Promise<Load> {
  const script = join(import.meta.dirname, `${scripts[traffic.kind]}-clients.ts`)
  const file = join(serverFolder('load'), 'traffic.json')
  writeFileSync(file, JSON.stringify(traffic))
  return JSON.parse(await output(process.execPath, [script, url, String(seconds), file, String(rate)]))
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const running = await runProcess(command, { args })
  const outcome = await running.ended
  if (outcome !== 0) throw new Error(`${command} ended with ${outcome}:\n${running.output()}`)
  return running.output()
}
