/**
 * What holds in every mode, whatever the values: no pod with rights that it does not need, no secret where others may
 * read it, nothing without bounds.
 * @module
 */

import t from 'tap'
import { parse } from 'yaml'
import { type KubernetesObject, objectsOf, only, plans, render, renderExample, type Values } from './chart.ts'

interface Container {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } }
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly volumeMounts: readonly {
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
  }[]
}

interface Volume {
  readonly name: string
  readonly secret?: { readonly defaultMode: number }
  readonly hostPath?: object
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
}

const podsOf = (objects: readonly KubernetesObject[]) =>
  objects.flatMap((object): { name: string; spec: PodSpec }[] =>
    object.spec?.template?.spec === undefined
      ? []
      : [{ name: `${object.kind} ${object.metadata.name}`, spec: object.spec.template.spec }],
  )

const containersOf = ({ initContainers = [], containers }: PodSpec) => [...initContainers, ...containers]

/** Where it is another than that of clients. */
const portsOf: Readonly<Record<string, readonly number[]>> = {
  decision: [8082],
  'decision-grpc': [8082, 8083],
}
const targetsOf: Readonly<Record<string, readonly string[]>> = {
  decision: ['decision'],
  'decision-grpc': ['decision', 'decision-grpc'],
}

const rendered = [
  ...plans.map((plan) => ({ plan: `${plan}`, objects: objectsOf(render(plan)) })),
  { plan: 'the example', objects: objectsOf(renderExample(t)) },
]

for (const { plan, objects } of rendered) {
  const pods = podsOf(objects)
  t.test(`${plan}: every pod keeps to the restricted standard`, async (t) => {
    t.ok(pods.length > 0, 'there are pods')
    for (const { name, spec } of pods) {
      t.match(spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }, name)
      t.equal(spec.automountServiceAccountToken, false, `${name} talks to Kubernetes as nobody`)
      t.notOk(spec.hostNetwork || spec.hostPID || spec.hostIPC, `${name} shares nothing with its node`)
      for (const { name: volume, hostPath } of spec.volumes) t.equal(hostPath, undefined, volume)
      for (const { name: container, securityContext } of containersOf(spec)) {
        t.match(
          securityContext,
          { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          `${name}, ${container}`,
        )
        t.not(securityContext.privileged, true, `${name}, ${container} is not privileged`)
        t.notHas(securityContext.capabilities, { add: [] }, `${name}, ${container} gets no capability back`)
        t.ok(Number(securityContext.runAsUser) > 0, `${name}, ${container} is not root`)
      }
    }
  })

  t.test(
    `${plan}: every container has requests and a bound of memory, and writes to no mounted secret`,
    async (t) => {
      for (const { name, spec } of pods) {
        for (const { name: container, resources, volumeMounts } of containersOf(spec)) {
          t.hasProps(resources.requests, ['cpu', 'memory'], `${name}, ${container}`)
          t.hasProps(resources.limits, ['memory'], `${name}, ${container}`)
          for (const mount of volumeMounts)
            t.equal(mount.readOnly, true, `${name}, ${container}: ${mount.mountPath}`)
        }
      }
    },
  )

  t.test(`${plan}: no object holds a secret, and each is taken from where it is kept`, async (t) => {
    t.notOk(
      objects.some(({ kind }) => kind === 'Secret'),
      'the chart makes no Secret',
    )
    for (const { name, spec } of pods) {
      for (const variable of containersOf(spec).flatMap(({ env = [] }) => env)) {
        if (variable.name !== 'NODE_EXTRA_CA_CERTS')
          t.hasProps(variable.valueFrom ?? {}, ['secretKeyRef'], variable.name)
      }
      for (const { name: volume, secret } of spec.volumes) {
        // Root's, and readable by the gateway's group: what the gateway asks of the file of its key ring.
        if (secret !== undefined) t.equal(secret.defaultMode, 0o440, `${name}, ${volume}`)
      }
    }
    for (const { metadata, data } of objects.filter(({ kind }) => kind === 'ConfigMap')) {
      const text = JSON.stringify(data)
      t.notMatch(text, /:\/\/[^/@\s"]*:[^/@\s"]+@/, `${metadata.name} holds no URL with a password`)
      t.notMatch(
        text,
        /PRIVATE KEY|sp[pgdbonsea]_[0-9A-Za-z]{36}/,
        `${metadata.name} holds no key and no token`,
      )
    }
  })

  t.test(`${plan}: the admin port is in no Service that clients know`, async (t) => {
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'Service')) {
      if (metadata.name.endsWith('-admin')) continue
      const targets = spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort)
      t.strictSame(targets, targetsOf[plan] ?? ['sallyport'], metadata.name)
    }
  })

  t.test(
    `${plan}: a NetworkPolicy lets who may come to the gateway's port and nobody to another`,
    async (t) => {
      const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy')
      const open = portsOf[plan] ?? [8080]
      t.equal(policies.length, 1)
      for (const { spec } of policies) {
        t.ok(Object.keys(spec.podSelector.matchLabels).length > 0, 'it does not take hold of every pod')
        for (const { from, ports } of spec.ingress) {
          t.ok(from.length > 0, 'an empty list would be everybody')
          const isMonitoring = JSON.stringify(from).includes('monitoring')
          const expected = isMonitoring ? [8081] : open
          t.strictSame(
            ports,
            expected.map((port) => ({ port, protocol: 'TCP' })),
          )
        }
      }
    },
  )
}

t.test('only the gateway has the key ring: what checks and migrates needs none', async (t) => {
  const { spec } = podsOf(objectsOf(render('everything'))).find(({ name }) => name.startsWith('Job')) ?? {}
  const mounts = containersOf(spec as PodSpec).flatMap(({ volumeMounts }) => volumeMounts)
  t.notMatch(JSON.stringify(mounts), /keys/)
  t.notMatch(JSON.stringify(spec?.volumes), /keys/)
})

t.test('in mode decision only who holds requests gets in, and no client', async (t) => {
  const proxies = [
    { podSelector: { matchLabels: { app: 'controller' } }, namespaceSelector: {} },
    { ipBlock: { cidr: '10.0.0.7/32' } },
  ]
  const objects = objectsOf(render('decision', { networkPolicy: { proxies } }))
  t.strictSame(only(objects, 'NetworkPolicy').spec.ingress, [
    { from: proxies, ports: [{ port: 8082, protocol: 'TCP' }] },
  ])
  const text: string = only(objects, 'ConfigMap', '-config').data['sallyport.yaml']
  const { listen, decision } = parse(text)
  t.equal(listen.address, '127.0.0.1', 'the data plane is for the pod alone')
  t.strictSame(decision.proxies[0].secrets, ['${env:PROXY_SECRET}'])
  const [gateway] = only(objects, 'Deployment').spec.template.spec.containers
  t.strictSame(
    gateway.ports.map(({ name }: { name: string }) => name),
    ['decision', 'sallyport-admin'],
  )
})

t.test('in mode decision the listener that is asked has the certificate', async (t) => {
  const objects = objectsOf(render('decision', { tls: { secretName: 'tls' } }))
  const { listen, decision } = parse(only(objects, 'ConfigMap', '-config').data['sallyport.yaml'])
  const certificate = { certificate: '/run/sallyport/tls/tls.crt', key: '/run/sallyport/tls/tls.key' }
  t.strictSame(decision.tls, { certificates: [certificate] })
  t.equal(listen.tls, undefined)
  t.equal(only(objects, 'Service').spec.ports[0].appProtocol, 'https')
})

t.test('an Envoy asks by gRPC, and is known by its certificate alone', async (t) => {
  const objects = objectsOf(render('decision-grpc'))
  const { decision } = parse(only(objects, 'ConfigMap', '-config').data['sallyport.yaml'])
  t.strictSame(decision.grpc, { address: '0.0.0.0', port: 8083 })
  t.strictSame(decision.tls.clientCertificates, { ca: '/run/sallyport/proxies/ca.crt', mode: 'required' })
  const [{ secrets, certificates }] = decision.proxies
  t.strictSame([secrets, certificates], [undefined, ['envoy.envoy-gateway-system']])
  const { containers, volumes } = only(objects, 'Deployment').spec.template.spec
  t.notMatch(JSON.stringify(containers), /PROXY_SECRET/)
  const authority = volumes.find(({ name }: { name: string }) => name === 'sallyport-proxies')
  t.match(authority.secret, { secretName: 'envoy-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] })
  t.equal(authority.secret.items.length, 1, 'a key beside it is not mounted')
  t.match(containers[0].volumeMounts, [
    {},
    {},
    { name: 'sallyport-proxies', mountPath: '/run/sallyport/proxies' },
  ])
})

t.test('the port of gRPC says what is spoken there', async (t) => {
  const protocolWith = (values: Values) =>
    only(objectsOf(render('decision', { decision: { grpc: { enabled: true } }, ...values })), 'Service').spec
      .ports[1].appProtocol
  t.equal(protocolWith({}), 'kubernetes.io/h2c')
  t.equal(protocolWith({ tls: { secretName: 'tls' } }), 'https')
})

t.test('where a certificate is not required the secret counts, too', async (t) => {
  const clientCertificates = { secretName: 'ca', names: ['edge.test'], mode: 'optional' }
  const objects = objectsOf(
    render('decision', { tls: { secretName: 'tls' }, decision: { clientCertificates } }),
  )
  const { decision } = parse(only(objects, 'ConfigMap', '-config').data['sallyport.yaml'])
  t.equal(decision.tls.clientCertificates.mode, 'optional')
  t.match(decision.proxies, [{ secrets: ['${env:PROXY_SECRET}'], certificates: ['edge.test'] }])
})

t.test('a second secret counts while one is replaced by the other', async (t) => {
  const objects = objectsOf(render('decision', { secrets: { nextProxy: { name: 'next' } } }))
  const { decision } = parse(only(objects, 'ConfigMap', '-config').data['sallyport.yaml'])
  t.strictSame(decision.proxies[0].secrets, ['${env:PROXY_SECRET}', '${env:NEXT_PROXY_SECRET}'])
  const [gateway] = only(objects, 'Deployment').spec.template.spec.containers
  t.match(gateway.env.slice(-2), [
    { name: 'NEXT_PROXY_SECRET', valueFrom: { secretKeyRef: { name: 'next', key: 'secret' } } },
    { name: 'PROXY_SECRET', valueFrom: { secretKeyRef: { name: 'sallyport-proxy', key: 'secret' } } },
  ])
})

t.test('an empty list of clients lets nobody in', async (t) => {
  const objects = objectsOf(render('standalone', { networkPolicy: { clients: [] } }))
  const policy = objects.find(({ kind }) => kind === 'NetworkPolicy')
  t.strictSame(policy?.spec.ingress, [])
  t.strictSame(policy?.spec.policyTypes, ['Ingress'])
})

t.test(
  'the policy of the example takes hold of its pods, whose service listens on the loopback',
  async (t) => {
    const objects = rendered.at(-1)?.objects ?? []
    const deployment = objects.find(({ kind }) => kind === 'Deployment')
    const policy = objects.find(({ kind }) => kind === 'NetworkPolicy')
    t.match(deployment?.spec.template.metadata.labels, policy?.spec.podSelector.matchLabels)
    const service = deployment?.spec.template.spec.containers.find(
      ({ name }: Container) => name === 'service',
    )
    t.match(service.command.join(' '), /--bind 127\.0\.0\.1/)
    t.equal(service.ports, undefined)
  },
)
