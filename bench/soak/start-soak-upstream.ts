/**
 * The service of a soak, in a process of its own.
 * @module
 */

import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from '../../test/support/private-server.ts'

/** It is stopped with the scope. */
export async function startSoakUpstream(scope: Scope): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'soak-upstream.ts'), String(port)],
    url,
    port,
    folder: serverFolder('upstream'),
    ready: () => fetch(`${url}/ready/bytes/1`),
  })
  scope.teardown(() => server.stop())
  return server
}
