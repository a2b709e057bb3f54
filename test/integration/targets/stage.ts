/**
 * A gateway in front of an upstream of several targets, each a server that counts what reached it and can be stopped and
 * started again on its port.
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { freePort } from '../../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import type { RawAnswer } from '../../support/raw-request.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface StagedTarget {
  readonly url: string
  /** Method and target of all requests so far. */
  readonly seen: string[]
  answer: Answer
  start(): Promise<void>
  /** Closes the port, and breaks off what is under way. */
  kill(): Promise<void>
}

export interface Stage {
  readonly gateway: TestGateway
  readonly targets: readonly StagedTarget[]
  ask(method?: string, path?: string, body?: string): Promise<RawAnswer>
  /** A handshake of WebSocket. */
  askToSwitch(): Promise<RawAnswer>
  /** So many requests, so many of them at a time; how many ended with each status, 0 for those broken off. */
  load(count: number, atATime: number): Promise<Readonly<Record<number, number>>>
  /** What the metrics say of a target. */
  isUp(target: StagedTarget): Promise<boolean>
}

/** Starts so many targets and the gateway; `settings` are those of the upstream. */
export async function startStage(t: Scope, count: number, settings: object = {}): Promise<Stage> {
  const targets = await Promise.all(Array.from({ length: count }, () => startTarget(t)))
  const urls = targets.map(({ url }) => url)
  const gateway = await startTestGateway(t, {
    upstream: 'http://127.0.0.1:1',
    upstreams: { legacy: { targets: urls, ...settings } },
    routes: [
      {
        match: { path: '/{path*}' },
        authorize: { public: true },
        upgrade: { protocols: ['websocket'] },
      },
    ],
  })
  const askToSwitch = () =>
    gateway.request({
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ],
    })
  const ask = (method = 'GET', path = '/a', body = '') => gateway.request({ method, path, body })
  return {
    gateway,
    targets,
    ask,
    askToSwitch,
    load: async (total, atATime) => {
      const statuses: Record<number, number> = {}
      let begun = 0
      const worker = async () => {
        while (begun++ < total) {
          const { status } = await ask().catch(() => ({ status: 0 }))
          statuses[status] = (statuses[status] ?? 0) + 1
        }
      }
      await Promise.all(Array.from({ length: atATime }, worker))
      return statuses
    },
    isUp: async ({ url }) =>
      (await gateway.metric(`sallyport_upstream_target_up{upstream="legacy",target="${url}"}`)) === 1,
  }
}

async function startTarget(t: Scope): Promise<StagedTarget> {
  const port = await freePort()
  let server: Server | undefined
  const target: StagedTarget = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    answer: (_request, response) => response.end('ok'),
    start: async () => {
      server = createServer((request, response) => {
        target.seen.push(`${request.method} ${request.url}`)
        target.answer(request, response)
      })
      await once(server.listen(port, '127.0.0.1'), 'listening')
    },
    kill: async () => {
      const closing = server
      server = undefined
      if (closing === undefined) return
      closing.closeAllConnections()
      await once(closing.close(), 'close')
    },
  }
  await target.start()
  t.teardown(target.kill)
  return target
}
