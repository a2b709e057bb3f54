/**
 * The Helm that renders the chart: `helm` of PATH, or one that Go builds into a folder that is kept.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../support/run-process.ts'

const version = 'v3.22.0'
const folder = join(import.meta.dirname, '../../node_modules/.cache/helm')

/** Path of the program. Throws, in one line, where it is not there and cannot be built. */
export function installHelm(): string {
  const built = join(folder, 'helm')
  const found = existsSync(built) ? built : findProgram('helm')
  if (found !== undefined) return found
  const go = findProgram('go', ['/usr/local/go/bin'])
  if (go === undefined) throw new Error('the tests of the chart need helm 3 in PATH, or Go to build it with')
  process.stderr.write(`building helm ${version}\n`)
  const { status } = spawnSync(go, ['install', `helm.sh/helm/v3/cmd/helm@${version}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('Go could not build helm: see above')
  return built
}
