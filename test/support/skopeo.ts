/**
 * skopeo, a real client of registries, as Debian packages it: everything that it remembers lies in a temporary folder.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serverFolder } from './private-server.ts'
import { type ClientResult, runClient } from './run-client.ts'
import { findProgram } from './run-process.ts'

export interface Skopeo {
  /** Where it keeps its files, and where a test may keep images. */
  readonly folder: string
  /** Remembers a name and a secret for a registry on 127.0.0.1, once the registry took them. */
  login(port: number, username: string, secret: string): Promise<ClientResult>
  /** Runs `skopeo WORDS` to its end. */
  run(...words: readonly string[]): Promise<ClientResult>
}

/** A client that is logged in nowhere. */
export function newSkopeo(): Skopeo {
  const program = findProgram('skopeo')
  if (program === undefined) throw new Error('skopeo is not installed')
  const folder = serverFolder('skopeo')
  const registries = join(folder, 'registries.d')
  mkdirSync(registries)
  const settings = join(folder, 'registries.conf')
  writeFileSync(settings, '')
  // Nothing of this machine counts: neither its proxies nor its registries nor who is logged in.
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: folder,
    XDG_RUNTIME_DIR: folder,
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
  }
  const own = ['--insecure-policy', '--registries.d', registries, '--registries-conf', settings]
  const run = (words: readonly string[], input = '') =>
    runClient(program, [...own, '--tmpdir', folder, ...words], { env, input })
  return {
    folder,
    login(port, username, secret) {
      const login = ['login', '--tls-verify=false', '--username', username, '--password-stdin']
      return run([...login, `127.0.0.1:${port}`], secret)
    },
    run: (...words) => run(words),
  }
}
