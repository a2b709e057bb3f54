/**
 * What the image holds, and what it does not: each thing that is not there needs no patch and helps nobody who got in.
 * @module
 */

import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { root } from './buildah.ts'
import { dataFolder } from './data-folder.ts'
import { imageName, openImage } from './image.ts'
import { runInImage } from './run-in-image.ts'

const image = openImage(imageName)
t.teardown(() => image.close())

const entries = readdirSync(image.root, { recursive: true, withFileTypes: true })
const pathOf = (entry: Dirent) => `/${relative(image.root, join(entry.parentPath, entry.name))}`
const files = entries.filter((entry) => !entry.isDirectory()).map(pathOf)
const size = (prefix: string) =>
  files
    .filter((path) => path.startsWith(prefix))
    .reduce((sum, path) => sum + statSync(join(image.root, path)).size, 0)

const entrypoint = ['/usr/local/bin/node']
/** Tries to make something in every folder of the image, and tells where that worked and as whom. */
const tryEverywhere = `
  const { mkdirSync, readdirSync, readFileSync } = require('node:fs')
  const below = (folder) => {
    let entries = []
    try { entries = readdirSync(folder, { withFileTypes: true }) } catch {}
    const folders = entries.filter((entry) => entry.isDirectory() && entry.name !== 'proc')
    return [folder, ...folders.flatMap((entry) => below(folder.replace(/\\/$/, '') + '/' + entry.name))]
  }
  const written = below('/').filter((folder) => {
    try { mkdirSync(folder + '/probe'); return true } catch { return false }
  })
  const ids = [process.getuid(), process.getgid(), process.getgroups()]
  console.log(JSON.stringify({ written, ids, status: readFileSync('/proc/self/status', 'utf8') }))`

interface LockedPackage {
  readonly version: string
  readonly dev?: boolean
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const locked: readonly (readonly [string, LockedPackage])[] = Object.entries(lock.packages)

t.test(
  'its packages are those that the lock file has for production, in these versions, and no other',
  async (t) => {
    const needed = locked
      .filter(([path, { dev }]) => path !== '' && !dev)
      .map(([path, { version }]) => `${path} ${version}`)
    const present = files
      .filter((path) => /^\/app\/(?:node_modules\/(?:@[^/]+\/)?[^/@]+\/?)+\/package\.json$/.test(path))
      .map((path) => path.slice('/app/'.length, -'/package.json'.length))
      .map(
        (path) =>
          `${path} ${JSON.parse(readFileSync(join(image.root, 'app', path, 'package.json'), 'utf8')).version}`,
      )
    t.ok(needed.length > 50)
    t.strictSame(present.toSorted(), needed.toSorted())
    t.comment(
      `${needed.length} packages, ${Math.round(size('/app/node_modules') / 1024)} KiB of ${Math.round(size('/') / 1024 / 1024)} MiB`,
    )
  },
)

t.test('it has no map, no declaration, no source in TypeScript and no test of ours', async (t) => {
  t.strictSame(
    files.filter((path) => /\.(?:map|[cm]?ts)$/.test(path)),
    [],
  )
  t.ok(files.includes('/app/dist/main.js'))
  t.ok(files.includes('/app/dist/database/migrations/postgres/001.do.tokens.sql'))
  const compiled = files.filter((path) => path.startsWith('/app/dist/') && path.endsWith('.js'))
  t.strictSame(
    compiled.filter((path) => readFileSync(join(image.root, path), 'utf8').includes('sourceMappingURL')),
    [],
  )
})

t.test(
  'its only programs are Node and the loader of its libraries: no shell, no package manager',
  async (t) => {
    const elf = files
      .filter((path) => !path.startsWith('/app/'))
      .filter((path) => readFileSync(join(image.root, path)).subarray(0, 4).toString('latin1') === '\x7fELF')
    const libraries = elf.filter((path) => /\.so(?:\.\d+)*$/.test(path))
    t.strictSame(
      elf.filter((path) => !libraries.includes(path)),
      ['/usr/local/bin/node'],
    )
    const scripts = files.filter((path) => !path.startsWith('/app/') && !elf.includes(path))
    t.strictSame(
      scripts.filter((path) => (statSync(join(image.root, path)).mode & 0o111) !== 0),
      [],
    )
    t.strictSame(
      files.filter((path) => /\/(?:\.bin|npm|yarn|corepack)\//.test(path)),
      [],
    )
  },
)

t.test('every library is named in what scanners read, with its licence', async (t) => {
  const packages = readdirSync(join(image.root, 'var/lib/dpkg/status.d'))
  t.strictSame(packages.toSorted(), ['libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6'])
  for (const name of packages) {
    const status = readFileSync(join(image.root, 'var/lib/dpkg/status.d', name), 'utf8')
    t.match(status, new RegExp(`^Package: ${name.replaceAll('+', '\\+')}$`, 'm'))
    t.match(status, /^Version: \S+$/m)
    t.ok(files.includes(`/usr/share/doc/${name}/copyright`), name)
  }
})

t.test('nothing in it belongs to its user or is written by everybody, but the data folder', async (t) => {
  const loose = entries
    .filter((entry) => !entry.isSymbolicLink())
    .filter((entry) => {
      const { uid, mode } = statSync(join(entry.parentPath, entry.name))
      return uid !== 0 || (mode & 0o6022) !== 0
    })
  t.strictSame(loose.map(pathOf), ['/var/lib/sallyport'])
})

t.test('its user has no capability, and can write nowhere at all when the root is read-only', async (t) => {
  const { code, output } = await runInImage(t, image, { entrypoint, command: ['--eval', tryEverywhere] })
  t.equal(code, 0, output)
  const { written, ids, status } = JSON.parse(output)
  t.strictSame(written, [])
  t.strictSame(ids, [10001, 10001, [10001]])
  for (const line of [/^CapEff:\s+0+$/m, /^CapPrm:\s+0+$/m, /^NoNewPrivs:\s+1$/m]) t.match(status, line)
})

t.test('its user can write to the data folder, and nowhere else, where that is mounted', async (t) => {
  const mounts = [{ source: dataFolder(t, image), target: '/var/lib/sallyport', mode: 'rw' }] as const
  const { code, output } = await runInImage(t, image, {
    entrypoint,
    command: ['--eval', tryEverywhere],
    mounts,
  })
  t.equal(code, 0, output)
  t.strictSame(JSON.parse(output).written, ['/var/lib/sallyport'])
})

t.test('it says what an engine needs to know', async (t) => {
  t.match(image.config, {
    User: '10001:10001',
    StopSignal: 'SIGTERM',
    Entrypoint: ['/usr/local/bin/node', '/app/dist/main.js'],
    Cmd: ['serve'],
    ExposedPorts: { '8080/tcp': {}, '8081/tcp': {} },
  })
  t.ok(image.config.Env.includes('NODE_ENV=production'))
})
