/**
 * skopeo, a real client of registries, as Debian packages it: everything that it remembers lies in a temporary folder,
 * and a secret reaches it by standard input alone.
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serverFolder } from './private-server.ts'
import { findProgram } from './run-process.ts'

export interface SkopeoResult {
  /** What it exited with; 1 when it was ended. */
  readonly code: number
  readonly stdout: string
  /** Says why when it failed. */
  readonly stderr: string
}

export interface Skopeo {
  /** Where it keeps its files, and where a test may keep images. */
  readonly folder: string
  /** Remembers a name and a secret for a registry on 127.0.0.1, once the registry took them. */
  login(port: number, username: string, secret: string): Promise<SkopeoResult>
  /** Runs `skopeo WORDS` to its end, or until `signal`. */
  run(words: readonly string[], signal?: AbortSignal): Promise<SkopeoResult>
}

const deadlineMs = 300_000

/** A client that is logged in nowhere. */
export function newSkopeo(): Skopeo {
  const program = installed()
  const folder = serverFolder('skopeo')
  const registries = join(folder, 'registries.d')
  mkdirSync(registries)
  // Nothing of this machine counts: neither its proxies nor its registries nor who is logged in.
  writeFileSync(join(folder, 'registries.conf'), '')
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: folder,
    XDG_RUNTIME_DIR: folder,
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
  }
  const flags = ['--insecure-policy', '--registries.d', registries]
  const own = [...flags, '--registries-conf', join(folder, 'registries.conf'), '--tmpdir', folder]

  function run(words: readonly string[], signal?: AbortSignal, input = ''): Promise<SkopeoResult> {
    const { promise, resolve } = Promise.withResolvers<SkopeoResult>()
    const options = { env, timeout: deadlineMs, maxBuffer: 2 ** 26, ...(signal && { signal }) }
    const child = execFile(program, [...own, ...words], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : Number(error !== null), stdout, stderr })
    })
    child.stdin?.end(input)
    return promise
  }
  return {
    folder,
    login: (port, username, secret) =>
      run(
        ['login', '--tls-verify=false', '--username', username, '--password-stdin', `127.0.0.1:${port}`],
        undefined,
        secret,
      ),
    run: (words, signal) => run(words, signal),
  }
}

function installed(): string {
  const program = findProgram('skopeo')
  if (program === undefined) throw new Error('skopeo is not installed')
  return program
}
