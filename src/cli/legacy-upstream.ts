/**
 * A small service that knows nothing of authorization, for trying the gateway on: it answers with the
 * request as it arrived, and keeps one access control header for each account under `/v1/`.
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LegacyUpstream {
  readonly port: number
  close(): Promise<void>
}

const accessControl = 'X-Account-Sysmeta-Core-Access-Control'
const accountsMax = 100

/** Listens on the loopback unless told otherwise. Rejects when the port is taken. */
export async function startLegacyUpstream(port: number, address = '127.0.0.1'): Promise<LegacyUpstream> {
  const accounts = new Map<string, string>()
  const server = createServer((request, response) => {
    request.resume()
    answer(request, response, accounts)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, accounts: Map<string, string>): void {
  const path = new URL(request.url ?? '/', 'http://legacy').pathname
  if (path === '/health') {
    response.end('ok\n')
    return
  }
  const [, account] = /^\/v1\/([^/]+)/.exec(path) ?? []
  if (account !== undefined) response.setHeader(accessControl, keep(request, account, accounts))
  const seen = { method: request.method, path: request.url, headers: request.headers }
  response.setHeader('Content-Type', 'application/json')
  response.end(`${JSON.stringify(seen, undefined, 2)}\n`)
}

/** What the account's access control is after this request. */
function keep(request: IncomingMessage, account: string, accounts: Map<string, string>): string {
  const sent = request.headers[accessControl.toLowerCase()]
  const isWrite = request.method === 'POST' || request.method === 'PUT'
  const hasRoom = accounts.has(account) || accounts.size < accountsMax
  if (isWrite && typeof sent === 'string' && hasRoom) accounts.set(account, sent)
  return accounts.get(account) ?? '{"admin":["demo"]}'
}
