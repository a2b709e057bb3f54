/**
 * The programs that a Kubernetes of one node is made of: servers from Debian, and what only their projects publish,
 * built by Go from their sources. The first time that takes ten minutes.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installHelm } from '../helm/install-helm.ts'
import { installServers } from '../support/install-servers.ts'
import { findPostgres } from '../support/postgres.ts'
import { findProgram } from '../support/run-process.ts'

export interface Programs {
  /** Of what Go built. */
  readonly folder: string
  readonly helm: string
}

const kubernetes = join(import.meta.dirname, 'kubernetes')
const folder = join(import.meta.dirname, '../../node_modules/.cache/kubernetes')
/** Which enforces NetworkPolicies, and resolves the names of Services. */
const beside = [
  'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router@v2.1.0',
  'github.com/coredns/coredns@v1.15.0',
]

/** Throws, in one line, what is missing where it cannot be had. */
export function installPrograms(): Programs {
  installServers(() => ({
    'etcd-server': findProgram('etcd'),
    containerd: findProgram('containerd'),
    runc: findProgram('runc'),
    'containernetworking-plugins': findProgram('bridge', ['/usr/lib/cni']),
    iproute2: findProgram('ip', ['/sbin']),
    iptables: findProgram('iptables'),
    ipset: findProgram('ipset'),
    conntrack: findProgram('conntrack'),
    'busybox-static': findProgram('busybox', ['/bin']),
    buildah: findProgram('buildah'),
    debootstrap: findProgram('debootstrap'),
    openssl: findProgram('openssl'),
    postgresql: findPostgres('postgres'),
    'redis-server': findProgram('redis-server'),
  }))
  const go = findProgram('go', ['/usr/local/go/bin'])
  if (go === undefined) throw new Error('the tests in a cluster need Go, to build Kubernetes with')
  process.stderr.write('building Kubernetes, which takes ten minutes the first time\n')
  install(go, [
    '-trimpath',
    '-ldflags',
    `-X k8s.io/component-base/version.gitVersion=${versionOfKubernetes()}`,
    'tool',
  ])
  for (const program of beside) install(go, [program])
  return { folder, helm: installHelm() }
}

/** A program that is up to date is not built again. */
function install(go: string, words: readonly string[]): void {
  const { status } = spawnSync(go, ['install', ...words], {
    cwd: kubernetes,
    env: { ...process.env, CGO_ENABLED: '0', GOBIN: folder },
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error(`Go could not build ${words.at(-1)}: see above`)
}

function versionOfKubernetes(): string {
  const settings = readFileSync(join(kubernetes, 'go.mod'), 'utf8')
  const [, version] = /^\tk8s\.io\/kubernetes (v\S+)/m.exec(settings) ?? []
  if (version === undefined) throw new Error('kubernetes/go.mod requires no k8s.io/kubernetes')
  return version
}
