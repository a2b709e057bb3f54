/**
 * What a request with a known token costs by how it comes in: HTTP/1.1, the same behind TLS, and HTTP/2.
 * @module
 */

import { join } from 'node:path'
import type { Scope } from '../../test/support/private-server.ts'
import { findProgram, runProcess } from '../../test/support/run-process.ts'
import { type Configuration, startGatewayProcess } from '../gateway-process.ts'
import { load } from '../load/load.ts'
import { plainTraffic } from '../load/traffic.ts'
import { cpuMicroseconds } from '../measure-cpu.ts'
import { pin, subjectCore } from '../pin.ts'
import { median } from '../report.ts'
import { startUpstream } from '../upstream/upstream.ts'

export interface Door {
  readonly name: string
  readonly cpuUsPerRequest: number
  /** Of the round in which others on the machine were in the way the least. */
  readonly cpuUsAtLeast: number
  readonly requestsPerSecond: number
}

interface Way {
  readonly name: string
  readonly pid: number
  /** Yields how many requests were answered. */
  ask(seconds: number): Promise<number>
}

const certificates = join(import.meta.dirname, '../../test/support/certificates')
const tls = {
  certificates: [{ certificate: join(certificates, 'service.pem'), key: join(certificates, 'service.key') }],
}

/** Medians of rounds, in which the ways take turns. HTTP/2 is left out where h2load(1) is missing. */
export async function measureDoors(scope: Scope, rounds: number, seconds: number): Promise<readonly Door[]> {
  const ways = await startWays(scope)
  for (const way of ways) await way.ask(2)
  const found = new Map(
    ways.map(({ name }) => [name, [] as Pick<Door, 'cpuUsPerRequest' | 'requestsPerSecond'>[]]),
  )
  for (let round = 0; round < rounds; round++) {
    for (const { name, pid, ask } of ways) {
      const before = cpuMicroseconds(pid)
      const requests = await ask(seconds)
      found.get(name)?.push({
        cpuUsPerRequest: (cpuMicroseconds(pid) - before) / requests,
        requestsPerSecond: requests / seconds,
      })
    }
  }
  return [...found].map(([name, figures]) => ({
    name,
    cpuUsPerRequest: median(figures.map(({ cpuUsPerRequest }) => cpuUsPerRequest)),
    cpuUsAtLeast: Math.min(...figures.map(({ cpuUsPerRequest }) => cpuUsPerRequest)),
    requestsPerSecond: median(figures.map(({ requestsPerSecond }) => requestsPerSecond)),
  }))
}

async function startWays(scope: Scope): Promise<readonly Way[]> {
  const upstream = await startUpstream(scope)
  const configuration: Configuration = {
    upstreams: { bench: { url: upstream.url } },
    routes: [{ name: 'everything', match: { path: '/{rest*}' }, upstream: 'bench' }],
    log: { level: 'silent', requests: false },
  }
  const plain = await startGatewayProcess(scope, configuration)
  const secure = await startGatewayProcess(
    scope,
    { ...configuration, listen: { tls } },
    { record: plain.record },
  )
  for (const { pid } of [plain, secure]) pin(pid, subjectCore)
  const { text } = await plain.issue()
  const traffic = { ...plainTraffic, tokens: [text] }
  const secureUrl = `https://127.0.0.1:${secure.port}`
  const h2load = findProgram('h2load')
  const ways = [
    {
      name: 'HTTP/1.1',
      pid: plain.pid,
      ask: async (seconds: number) => (await load(plain.url, seconds, traffic)).requests,
    },
    {
      name: 'HTTP/1.1, TLS',
      pid: secure.pid,
      ask: async (seconds: number) => (await load(secureUrl, seconds, traffic)).requests,
    },
  ]
  if (h2load === undefined) return ways
  const ask = (seconds: number) => askOverHttp2(h2load, secureUrl, text, seconds)
  return [...ways, { name: 'HTTP/2, TLS', pid: secure.pid, ask }]
}

/** 16 connections with 4 streams each: as many requests under way as the others have. Throws unless all were served. */
async function askOverHttp2(h2load: string, url: string, token: string, seconds: number): Promise<number> {
  const amount = ['-c', '16', '-m', '4', '-D', String(seconds)]
  const running = await runProcess(h2load, {
    args: [...amount, '-H', `authorization: Bearer ${token}`, `${url}/`],
  })
  await running.ended
  const [, served, others] = /^status codes: (\d+) 2xx, (.*)$/m.exec(running.output()) ?? []
  if (served === undefined || others !== '0 3xx, 0 4xx, 0 5xx')
    throw new Error(`h2load:\n${running.output()}`)
  return Number(served)
}
