/**
 * `npm run test:cluster`, or `npm run test:cluster -- FILE…`: installs the chart in a real Kubernetes of one node, and ends
 * with one line, `N passed, N failed`. It needs root on Linux, and Go.
 *
 * Cluster and tests run in name spaces of their own: bridges, rules of the firewall, mounts and processes go with them.
 * @module
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeBase } from '../container/base-image.ts'
import { buildah } from '../container/buildah.ts'
import { buildImage, imageName } from '../container/image.ts'
import { serverFolder } from '../support/private-server.ts'
import { findProgram } from '../support/run-process.ts'
import { installPrograms } from './programs.ts'
import { pauseImage } from './settings.ts'

if (process.getuid?.() !== 0) throw new Error('a node of Kubernetes needs root: run the tests as root')
const { folder: programs, helm } = installPrograms()
const folder = serverFolder('cluster')
makeBase()
buildImage(imageName)
buildPause()
for (const [name, file] of [
  [imageName, 'sallyport.tar'],
  [pauseImage, 'pause.tar'],
] as const) {
  buildah('push', name, `oci-archive:${join(folder, file)}:${name}`)
}

const cgroup = `sallyport-test-${process.pid}`
const hierarchies = cgroupHierarchies()
for (const hierarchy of hierarchies) mkdirSync(join(hierarchy, cgroup))
const alone = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
const node = spawn(
  'unshare',
  [...alone, process.execPath, join(import.meta.dirname, 'run-in-node.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      HELM: helm,
      PATH: `${programs}:${process.env.PATH}`,
      CLUSTER_PROGRAMS: programs,
      CLUSTER_FOLDER: folder,
      CLUSTER_CGROUP: cgroup,
    },
  },
)
// The one of a terminal reaches the tests by themselves, which end in good order.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => node.kill('SIGKILL'))
const [code] = await once(node, 'exit')
for (const hierarchy of hierarchies) {
  execFileSync('find', [join(hierarchy, cgroup), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'])
}
process.exitCode = code ?? 1

/** The image of a process that does nothing, which every pod has. */
function buildPause(): void {
  const context = join(folder, 'pause')
  mkdirSync(context)
  copyFileSync(findProgram('busybox', ['/bin']) ?? '', join(context, 'busybox'))
  const dockerfile = join(context, 'Dockerfile')
  writeFileSync(
    dockerfile,
    'FROM scratch\nCOPY busybox /busybox\nENTRYPOINT ["/busybox", "sleep", "infinity"]\n',
  )
  buildah('build', '--isolation=chroot', `--tag=${pauseImage}`, `--file=${dockerfile}`, context)
}

/** One in version 2, one for each controller in version 1. */
function cgroupHierarchies(): readonly string[] {
  const top = '/sys/fs/cgroup'
  const names = readdirSync(top)
  if (names.includes('cgroup.controllers')) return [top]
  return names.map((name) => join(top, name)).filter((path) => readdirSync(path).includes('cgroup.procs'))
}
