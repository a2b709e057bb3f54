/**
 * A server of this folder in a process of its own: `node SCRIPT PORT ARGUMENT…`.
 * @module
 */

import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from '../../test/support/private-server.ts'

/** It is stopped with the scope. */
export async function startNodeServer(
  script: string,
  args: readonly string[],
  scope: Scope,
  ready: (url: string) => Promise<unknown>,
): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    command: process.execPath,
    args: [join(import.meta.dirname, script), String(port), ...args],
    env: { NODE_ENV: 'production' },
    url,
    port,
    folder: serverFolder('subject'),
    ready: () => ready(url),
  })
  scope.teardown(() => server.stop())
  return server
}
