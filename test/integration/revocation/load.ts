/**
 * Requests with one token, one after the other on many connections, to several gateways at once.
 * @module
 */

import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../../support/private-server.ts'

export interface Load {
  /** Answers so far. */
  readonly answers: number
  /** Milliseconds after `time`, on `performance`'s clock, at which requests began that were let through nevertheless. */
  letThroughAfter(time: number): readonly number[]
  stop(): Promise<void>
}

/** Asks until it is stopped; on each connection without a pause, unless told otherwise. */
export function startLoad(
  ports: readonly number[],
  token: string,
  connectionsEach: number,
  { pauseMs, path = '/' }: { readonly pauseMs?: number; readonly path?: string } = {},
): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsEach })
  const letThrough: number[] = []
  let answers = 0
  let isOver = false

  async function worker(port: number): Promise<void> {
    while (!isOver) {
      const startedAt = performance.now()
      if ((await ask(port, path, token, agent)) === 200) letThrough.push(startedAt)
      answers++
      if (pauseMs !== undefined) await sleep(pauseMs)
    }
  }
  const workers = ports.flatMap((port) => Array.from({ length: connectionsEach }, () => worker(port)))
  return {
    get answers() {
      return answers
    },
    letThroughAfter: (time) => letThrough.filter((startedAt) => startedAt > time).map((at) => at - time),
    async stop() {
      isOver = true
      await Promise.all(workers)
      agent.destroy()
    },
  }
}

/** The status; none when the connection was cut, as it is under exchanges of a token that is revoked meanwhile. */
function ask(port: number, path: string, token: string, agent: Agent): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const headers = { authorization: `Bearer ${token}` }
  const request = get({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
    response
      .resume()
      .on('end', () => resolve(response.statusCode))
      .on('error', () => resolve(undefined))
  })
  request.on('error', () => resolve(undefined))
  return promise
}

/** An upstream that costs and remembers nothing. */
export async function startPlainUpstream(t: Scope): Promise<string> {
  const server = createServer((_request, response) => response.end('ok'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
