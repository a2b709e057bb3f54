/**
 * The real servers that a suite runs against: found on the machine, installed where that can be done
 * (root on Debian), or named in one line.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const policy = '/usr/sbin/policy-rc.d'

/** Debian's name of each package, and the path of its program if that is there. */
export type Packages = Readonly<Record<string, string | undefined>>

/** Returns when every server is there; throws with what to install when one is not and cannot be installed. */
export function installServers(find: () => Packages): void {
  const missing = missingOf(find())
  if (missing.length === 0) return
  const advice = `the tests need real servers; install them first: apt-get install ${missing.join(' ')}`
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version')
  if (!mayInstall) throw new Error(advice)
  process.stderr.write(`installing ${missing.join(' ')}\n`)
  withoutStartingServices(() => {
    apt(['update'])
    apt(['install', '-y', '--no-install-recommends', ...missing])
  })
  if (missingOf(find()).length > 0) throw new Error(advice)
}

function missingOf(packages: Packages): readonly string[] {
  return Object.entries(packages).flatMap(([name, path]) => (path === undefined ? [name] : []))
}

function apt(args: readonly string[]): void {
  const { status } = spawnSync('apt-get', args, {
    // Standard output is kept for the result of the run.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed`)
}

/** Debian starts a server once it is installed, unless this file says that it may not. */
function withoutStartingServices(install: () => void): void {
  const isOurs = !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (isOurs) rmSync(policy)
  }
}
