/**
 * Settings of what a node runs: containers, the kubelet, the network of pods and their names.
 * @module
 */

/** Where containerd finds the image that holds the name spaces of a pod. */
export const pauseImage = 'localhost/pause:test'

const namesAddress = '10.96.0.10'

/** `folder` for images and containers. */
export function containerdSettings(folder: string, socket: string): string {
  return `
version = 2
root = "${folder}/containerd/root"
state = "${folder}/containerd/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # On machines where root may not raise it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/network"
`
}

export interface KubeletPlan {
  readonly socket: string
  readonly authority: string
  readonly cgroup: string
  readonly logs: string
}

export function kubeletSettings({ socket, authority, cgroup, logs }: KubeletPlan): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      x509: { clientCAFile: authority },
      webhook: { enabled: false },
      anonymous: { enabled: false },
    },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // The disk is the machine's own.
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    podLogsDir: logs,
    clusterDomain: 'cluster.local',
    clusterDNS: [namesAddress],
    // How soon a ConfigMap that has changed is in the pods; a minute unless told otherwise.
    syncFrequency: '2s',
  })
}

/** A bridge with all pods. */
export function networkSettings(addresses: string): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: '10.244.0.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: addresses,
        },
      },
    ],
  })
}

export function corefile(address: string, kubeconfig: string): string {
  return `.:53 {
  bind ${address}
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
  }
}
`
}

/** The Service that pods ask for names, in front of a server on the node. */
export function namesService(nodeAddress: string): string {
  const ports = [
    { name: 'udp', port: 53, protocol: 'UDP' },
    { name: 'tcp', port: 53, protocol: 'TCP' },
  ]
  const metadata = { name: 'kube-dns', namespace: 'kube-system' }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: namesAddress, ports } },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [nodeAddress] }],
        ports,
      },
    ],
  })
}
