/**
 * A Kubernetes of one node, all of it real: etcd, API server, controllers, scheduler, kubelet with containerd, services,
 * network policies and names. It is started in name spaces of its own (see `run.ts`) and ends with them.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProcess } from '../support/run-process.ts'
import { until } from '../support/until.ts'
import { type Certificate, newCertificates } from './certificates.ts'
import { kubectl } from './kubectl.ts'
import { containerdSettings, corefile, kubeletSettings, namesService, networkSettings } from './settings.ts'

export interface ClusterOptions {
  /** Where the programs of Kubernetes are. */
  readonly programs: string
  /** Archives of images that the node shall have. */
  readonly images: readonly string[]
  /** For all that the cluster writes. */
  readonly folder: string
  readonly nodeAddress: string
  /** Below which the kubelet keeps pods, in each hierarchy: `/name`. */
  readonly cgroup: string
}

const nodeName = 'node'
const etcd = 'http://127.0.0.1:2379'
const api = 'https://127.0.0.1:6443'
const startDeadlineMs = 60_000

/** Yields the path of an administrator's kubeconfig when the node is ready. */
export async function startCluster(options: ClusterOptions): Promise<string> {
  const { programs, images, folder, nodeAddress, cgroup } = options
  const path = (name: string) => join(folder, name)
  const certificates = newCertificates(folder)
  const { authority, accountKey } = certificates
  const kubeconfig = (name: string, subject: string) => {
    const file = path(`${name}.kubeconfig`)
    writeFileSync(file, kubeconfigOf(authority, certificates.issue(name, subject)))
    return file
  }
  const admin = kubeconfig('admin', '/O=system:masters/CN=admin')
  const node = kubeconfig('kubelet', `/O=system:nodes/CN=system:node:${nodeName}`)
  const toKubelets = certificates.issue('to-kubelets', '/O=system:masters/CN=api')
  const server = certificates.issue('api', '/CN=api', ['IP:127.0.0.1', 'IP:10.96.0.1'])
  const outputs = new Map<string, () => string>()
  const run = async (program: string, ...args: readonly string[]) => {
    const { output } = await runProcess(program.includes('/') ? program : join(programs, program), {
      args,
      env: { NODE_NAME: nodeName },
    })
    outputs.set(program, output)
  }
  /** Throws with what a program said last when it is not ready in time. */
  const ready = (program: string, isReady: () => unknown) =>
    until(() => succeeds(isReady), startDeadlineMs).catch(() => {
      throw new Error(`${program} is not ready:\n${outputs.get(program)?.().slice(-2_000)}`)
    })

  const peers = 'http://127.0.0.1:2380'
  await run(
    '/usr/bin/etcd',
    ...['--data-dir', path('etcd'), '--unsafe-no-fsync'],
    ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
    ...['--initial-cluster', `default=${peers}`],
  )
  await run(
    'kube-apiserver',
    ...['--etcd-servers', etcd, '--secure-port', '6443', '--advertise-address', nodeAddress],
    ...['--client-ca-file', authority],
    ...['--tls-cert-file', server.certificate, '--tls-private-key-file', server.key],
    ...['--kubelet-client-certificate', toKubelets.certificate, '--kubelet-client-key', toKubelets.key],
    ...['--kubelet-preferred-address-types', 'InternalIP'],
    ...['--service-account-issuer', 'https://kubernetes.default.svc'],
    ...['--service-account-key-file', accountKey, '--service-account-signing-key-file', accountKey],
    ...['--service-cluster-ip-range', '10.96.0.0/16', '--authorization-mode', 'Node,RBAC'],
  )
  process.env.KUBECONFIG = admin
  await ready('kube-apiserver', () => kubectl(['get', '--raw', '/readyz']))
  await run(
    'kube-controller-manager',
    ...['--kubeconfig', admin, '--leader-elect=false'],
    ...['--service-account-private-key-file', accountKey, '--root-ca-file', authority],
  )
  await run('kube-scheduler', '--kubeconfig', admin, '--leader-elect=false')

  const socket = path('containerd.sock')
  mkdirSync(path('network'))
  writeFileSync(path('network/10-bridge.conflist'), networkSettings(path('addresses')))
  writeFileSync(path('containerd.toml'), containerdSettings(folder, socket))
  writeFileSync(path('kubelet.json'), kubeletSettings({ socket, authority, cgroup, logs: path('logs') }))
  await run('/usr/bin/containerd', '--config', path('containerd.toml'))
  const ctr = (...words: readonly string[]) =>
    void execFileSync('ctr', ['--address', socket, '--namespace', 'k8s.io', ...words], { stdio: 'pipe' })
  await ready('/usr/bin/containerd', () => ctr('version'))
  for (const image of images) ctr('images', 'import', image)

  await run(
    'kubelet',
    ...['--config', path('kubelet.json'), '--kubeconfig', node, '--root-dir', path('kubelet')],
    ...['--hostname-override', nodeName, '--node-ip', nodeAddress],
  )
  await run(
    'kube-proxy',
    ...['--kubeconfig', admin, '--hostname-override', nodeName, '--proxy-mode', 'iptables'],
    // These belong to the machine, not to the name space.
    ...['--conntrack-max-per-core', '0', '--conntrack-min', '0'],
    ...['--conntrack-tcp-timeout-established', '0', '--conntrack-tcp-timeout-close-wait', '0'],
  )
  await ready('kubelet', () => kubectl(['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=1s']))
  // This one ends at once where its node is unknown.
  await run(
    'kube-router',
    ...['--kubeconfig', admin, '--hostname-override', nodeName, '--metrics-port', '0'],
    ...['--run-firewall=true', '--run-router=false', '--run-service-proxy=false'],
    ...['--service-cluster-ip-range', '10.96.0.0/16'],
  )
  writeFileSync(path('Corefile'), corefile(nodeAddress, admin))
  await run('coredns', '-conf', path('Corefile'))
  kubectl(['apply', '-f', '-'], namesService(nodeAddress))
  return admin
}

async function succeeds(question: () => unknown): Promise<boolean> {
  try {
    await question()
    return true
  } catch {
    return false
  }
}

function kubeconfigOf(authority: string, { certificate, key }: Certificate): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: api, 'certificate-authority': authority } }],
    users: [{ name: 'test', user: { 'client-certificate': certificate, 'client-key': key } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  })
}
