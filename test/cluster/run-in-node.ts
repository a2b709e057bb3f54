/**
 * The second half of `run.ts`, inside the name spaces: the network of a machine, PostgreSQL and Redis on it, the cluster
 * and the tests.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { runSuite } from '../support/run-suite.ts'
import { startCluster } from './cluster.ts'

/** Of the only machine, as pods reach it; an address for documentation, which nobody has. */
const nodeAddress = '192.0.2.1'
const {
  CLUSTER_PROGRAMS: programs = '',
  CLUSTER_FOLDER: folder = '',
  CLUSTER_CGROUP: cgroup = '',
} = process.env
const files = process.argv.slice(2)

for (const words of [
  ['link', 'set', 'lo', 'up'],
  ['link', 'add', 'outside', 'type', 'veth', 'peer', 'nowhere'],
  ['address', 'add', `${nodeAddress}/24`, 'dev', 'outside'],
  ['link', 'set', 'outside', 'up'],
  ['link', 'set', 'nowhere', 'up'],
  ['route', 'add', 'default', 'dev', 'outside'],
]) {
  execFileSync('ip', words)
}
// Where kubelet, containerd and network plugins leave files whatever they are told.
for (const place of ['/run', '/var/log', '/var/lib/cni', '/var/lib/kubelet']) {
  mkdirSync(place, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place])
}

await runSuite({
  passes: [{ files: files.length > 0 ? files : ['test/cluster/*.test.ts'], jobs: 1, timeoutMs: 600_000 }],
  async prepare(own) {
    // Open to the user whom PostgreSQL runs as.
    chmodSync(folder, 0o711)
    const access = join(folder, 'pg_hba.conf')
    writeFileSync(access, 'host all all 0.0.0.0/0 trust\n', { mode: 0o644 })
    const [postgres, redis] = await Promise.all([
      own(startPostgres(['listen_addresses=*', `hba_file=${access}`])),
      own(startRedis({ args: ['--bind', '0.0.0.0', '--protected-mode', 'no'] })),
    ])
    const images = ['pause.tar', 'sallyport.tar'].map((file) => join(folder, file))
    process.stderr.write('starting Kubernetes\n')
    return {
      DATABASE_URL: postgres.url.replace('127.0.0.1', nodeAddress),
      REDIS_URL: redis.url.replace('127.0.0.1', nodeAddress),
      KUBECONFIG: await startCluster({ programs, images, folder, nodeAddress, cgroup: `/${cgroup}` }),
    }
  },
})
process.exit()
