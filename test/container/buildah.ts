/**
 * buildah with a storage of its own, which outlives a run so that the base is made once. Steps run in a chroot: no
 * engine, no registry and no name space of the network is needed for them.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Behind what `npm ci` removes. */
const cacheFolder = join(root, 'node_modules/.cache/sallyport-container')

/** Standard output of a command, trimmed. Throws with its standard error when it fails. */
export function buildah(...args: readonly string[]): string {
  mkdirSync(cacheFolder, { recursive: true })
  const storage = ['--root', join(cacheFolder, 'storage'), '--runroot', join(cacheFolder, 'run')]
  return execFileSync('buildah', [...storage, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  }).trim()
}

export function hasImage(name: string): boolean {
  return buildah('images', '--quiet', '--filter', `reference=${name}`) !== ''
}
