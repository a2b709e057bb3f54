/**
 * A real container registry (Debian's docker-registry) for tests: files in a temporary folder, and no authorization of
 * its own unless a test asks for it.
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from './private-server.ts'
import { findProgram } from './run-process.ts'

/** What lets the registry verify tokens by itself. All of it is needed. */
export interface RegistryTokenAuth {
  /** Where clients are sent for a token. */
  readonly realm: string
  /** The audience of the tokens. */
  readonly service: string
  readonly issuer: string
  /**
   * Certificates, in PEM, of the keys that sign. This version of the registry knows no key sets: it takes `x5c`, `jwk`, or a
   * `kid` that is the key's fingerprint as libtrust writes it, and RSA or ECDSA keys only.
   */
  readonly rootCertificates: string
}

export interface RegistryPlan {
  /** A free one unless given. */
  readonly port?: number
  readonly tokenAuth?: RegistryTokenAuth
}

/** Starts an empty registry that allows deletion; it is stopped when the test is over. */
export async function startRegistry(t: Scope, plan: RegistryPlan = {}): Promise<Server> {
  const command = findProgram('docker-registry')
  if (command === undefined) throw new Error('docker-registry is not installed')
  const folder = serverFolder('registry')
  const { port = await freePort(), tokenAuth } = plan
  const url = `http://127.0.0.1:${port}`
  const configFile = join(folder, 'config.json')
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
    ...(tokenAuth && { auth: { token: tokenSection(folder, tokenAuth) } }),
  }
  // Every JSON text is YAML, which is what the registry reads.
  writeFileSync(configFile, JSON.stringify(config))
  const server = await startServer({
    command,
    args: ['serve', configFile],
    url,
    port,
    folder,
    ready: async () => {
      const { status } = await fetch(`${url}/v2/`, { signal: AbortSignal.timeout(1_000) })
      if (status !== (tokenAuth ? 401 : 200)) throw new Error(`the registry answers ${status}`)
    },
  })
  t.teardown(() => server.stop())
  return server
}

function tokenSection(folder: string, { rootCertificates, ...settings }: RegistryTokenAuth) {
  const bundle = join(folder, 'roots.pem')
  writeFileSync(bundle, rootCertificates)
  return { ...settings, rootcertbundle: bundle }
}
