/**
 * The real servers that the suite runs against: found on the machine, installed where that can be done
 * (root on Debian), or named in one line.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { findPostgres } from './postgres.ts'
import { findProgram } from './run-process.ts'

const policy = '/usr/sbin/policy-rc.d'

/** Returns when every server is there; throws with what to install when one is not and cannot be installed. */
export function installServers(): void {
  const missing = missingPackages()
  if (missing.length === 0) return
  const advice = `the tests need real servers; install them first: apt-get install ${missing.join(' ')}`
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version')
  if (!mayInstall) throw new Error(advice)
  process.stderr.write(`installing ${missing.join(' ')}\n`)
  withoutStartingServices(() => {
    apt(['update'])
    apt(['install', '-y', '--no-install-recommends', ...missing])
  })
  if (missingPackages().length > 0) throw new Error(advice)
}

/** Debian's names of what is not there. */
function missingPackages(): readonly string[] {
  const programs = {
    postgresql: findPostgres('postgres'),
    'redis-server': findProgram('redis-server'),
    nginx: findProgram('nginx'),
    'docker-registry': findProgram('docker-registry'),
  }
  return Object.entries(programs).flatMap(([name, path]) => (path === undefined ? [name] : []))
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
