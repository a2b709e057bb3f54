/**
 * Stands for the official image that the Dockerfile begins from, which only a registry has: Debian by debootstrap, the
 * Node that package.json pins, and the npm that runs this.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildah, hasImage, root } from './buildah.ts'

/** With the version of Node, so that another one makes another base. */
export const baseName = `localhost/sallyport-base:${process.versions.node}`

/** Where a build finds the packages that npm has fetched before. */
export const npmCacheInBase = '/var/cache/npm'

/** Made once and kept; a minute or two the first time. */
export function makeBase(): void {
  if (hasImage(baseName)) return
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-base-'))
  try {
    const debian = join(folder, 'debian')
    // What the official image has because Node is linked with it.
    const include = '--include=libatomic1,libstdc++6'
    execFileSync('debootstrap', ['--variant=minbase', include, 'trixie', debian], { stdio: ['ignore', 2, 2] })
    addNode(join(debian, 'usr/local'))
    const dockerfile = join(folder, 'Dockerfile')
    writeFileSync(dockerfile, 'FROM scratch\nCOPY . /\n')
    buildah('build', '--isolation=chroot', `--tag=${baseName}`, `--file=${dockerfile}`, debian)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function addNode(local: string): void {
  const npm = process.env.npm_execpath
  if (npm === undefined) throw new Error('run this with npm: its own files become part of the base')
  for (const name of ['bin', 'lib/node_modules', 'etc']) mkdirSync(join(local, name), { recursive: true })
  copyFileSync(join(root, 'node_modules/node/bin/node'), join(local, 'bin/node'))
  cpSync(join(dirname(npm), '..'), join(local, 'lib/node_modules/npm'), {
    recursive: true,
    dereference: true,
  })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))

  const settings = [`cache=${npmCacheInBase}`, 'prefer-offline=true', 'update-notifier=false']
  // Of a network whose proxy has an authority of its own.
  const authority = process.env.NODE_EXTRA_CA_CERTS
  if (authority !== undefined) {
    copyFileSync(authority, join(local, 'etc/authority.pem'))
    settings.push('cafile=/usr/local/etc/authority.pem')
  }
  writeFileSync(join(local, 'etc/npmrc'), `${settings.join('\n')}\n`)
}
