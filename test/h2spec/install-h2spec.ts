/**
 * The conformance test that is run: `h2spec` of PATH, or one that Go builds into a folder that is kept.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../support/run-process.ts'

/** The last release that Go takes for a module. */
const version = 'v2.2.1+incompatible'
const folder = join(import.meta.dirname, '../../node_modules/.cache/h2spec')

/** Path of the program. Throws, in one line, where it is not there and cannot be built. */
export function installH2spec(): string {
  const built = join(folder, 'h2spec')
  const found = existsSync(built) ? built : findProgram('h2spec')
  if (found !== undefined) return found
  const go = findProgram('go', ['/usr/local/go/bin'])
  if (go === undefined) throw new Error('h2spec needs Go, or itself in PATH: apt-get install golang-go')
  process.stderr.write(`building h2spec ${version}\n`)
  const { status } = spawnSync(go, ['install', `github.com/summerwind/h2spec/cmd/h2spec@${version}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('Go could not build h2spec: see above')
  return built
}
