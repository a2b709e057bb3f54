/**
 * What cannot be right is refused by Helm, before anything is installed, in a sentence that says what to set.
 * @module
 */

import t from 'tap'
import { objectsOf, type Plan, render, renderExample, type Values } from './chart.ts'

interface Case {
  readonly title: string
  readonly plan?: Plan
  readonly values: Values
  readonly says: RegExp
  /** What must not be in the message. */
  readonly hides?: string
}

const password = 'correct-horse'
const config = (more: object) => ({ config: more })

const cases: readonly Case[] = [
  {
    title: 'no key ring',
    values: { secrets: { keyRing: { name: '' } } },
    says: /secrets\.keyRing\.name is empty/,
  },
  {
    title: 'no store',
    values: { secrets: { database: { name: '' } } },
    says: /secrets\.database\.name is empty/,
  },
  { title: 'no upstream', values: config({ upstreams: null }), says: /config\.upstreams is empty/ },
  { title: 'no route', values: config({ routes: [] }), says: /config\.routes is empty/ },
  {
    title: 'one port for both listeners',
    values: { admin: { port: 8080 } },
    says: /listen\.port and admin\.port are the same/,
  },
  {
    title: 'a listener in config',
    values: config({ listen: { address: '127.0.0.1' } }),
    says: /config\.listen\.address is written by the chart: set listen\.address/,
  },
  {
    title: 'draining in config',
    values: config({ listen: { timeouts: { drain: '1m' } } }),
    says: /set drain\.seconds/,
  },
  {
    title: 'a key ring in config',
    values: config({ keys: { ring: '${env:KEYS}' } }),
    says: /set secrets\.keyRing/,
  },
  {
    title: 'SQLite',
    values: config({ store: { sqlite: { path: 'x.db' } } }),
    says: /config\.store\.sqlite .* set secrets\.database/,
  },
  {
    title: 'Redis in config',
    values: config({ cache: { redis: { url: 'redis://r' } } }),
    says: /set secrets\.redis/,
  },
  {
    title: 'Redis twice',
    plan: 'everything',
    values: config({ cache: { redis: { sentinel: { name: 'm', nodes: ['redis://a:1'] } } } }),
    says: /config\.cache\.redis\.sentinel is written by the chart/,
  },
  {
    title: 'certificates twice',
    plan: 'everything',
    values: config({ listen: { tls: { certificates: [{ certificate: 'a', key: 'b' }] } } }),
    says: /set tls\.secretName/,
  },
  {
    title: 'a password in a URL',
    values: config({ upstreams: { legacy: { url: `http://user:${password}@legacy` } } }),
    says: /a URL with a password/,
    hides: password,
  },
  {
    title: 'a password of Redis',
    values: config({ cache: { redis: { cluster: { nodes: ['redis://a:1'], password } } } }),
    says: /a setting named «password»/,
    hides: password,
  },
  {
    title: 'a credential of the gateway',
    values: config({
      routes: [
        {
          name: 'a',
          match: { path: '/' },
          upstream: 'legacy',
          upstreamCredential: { header: 'X-Key', value: password },
        },
      ],
    }),
    says: /a setting named «value»/,
    hides: password,
  },
  {
    title: 'a private key',
    values: config({ upstreams: { legacy: { tls: { key: `-----BEGIN PRIVATE KEY-----\n${password}\n` } } } }),
    says: /a private key/,
    hides: password,
  },
  {
    title: 'a variable that a secret has',
    values: { env: { DATABASE_URL: 'x' } },
    says: /env\.DATABASE_URL comes from a Secret/,
  },
  {
    title: 'a traffic policy of a service that has none',
    values: { service: { externalTrafficPolicy: 'Local' } },
    says: /service\.externalTrafficPolicy is for services of type LoadBalancer/,
  },
  {
    title: 'a grace that is too short',
    values: { drain: { graceSeconds: 39 } },
    says: /graceSeconds is 39.* take 35 together; set it to 40 or more/,
  },
  {
    title: 'Prometheus that is not let in',
    values: { metrics: { monitor: { enabled: true } } },
    says: /networkPolicy\.monitoring is empty/,
  },
  {
    title: 'egress to nowhere',
    values: { networkPolicy: { egress: { enabled: true } } },
    says: /egress\.rules is empty/,
  },
  {
    title: 'a sidecar in unknown pods',
    plan: 'sidecar',
    values: { sidecar: { podLabels: null } },
    says: /sidecar\.podLabels is empty/,
  },
  {
    title: 'an ingress without a host',
    values: { ingress: { enabled: true } },
    says: /ingress\.hosts is empty/,
  },
  {
    title: 'a route of no Gateway',
    values: { httpRoute: { enabled: true } },
    says: /httpRoute\.parentRefs is empty/,
  },
  {
    title: 'fewer replicas than the least',
    values: { autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 2 } },
    says: /maxReplicas is less than/,
  },
  {
    title: 'to be asked by nobody in particular',
    plan: 'decision',
    values: { secrets: { proxy: { name: '' } } },
    says: /secrets\.proxy\.name is empty/,
  },
  {
    title: 'an ingress controller that is not let in',
    plan: 'decision',
    values: { networkPolicy: { proxies: [] } },
    says: /networkPolicy\.proxies is empty/,
  },
  {
    title: 'questions of all pods',
    plan: 'decision',
    values: { networkPolicy: { proxies: [{ namespaceSelector: {} }] } },
    says: /networkPolicy\.proxies has an entry that is for every pod/,
  },
  {
    title: 'questions of all pods, among them those of the ingress controller',
    plan: 'decision',
    values: {
      networkPolicy: {
        proxies: [
          { podSelector: { matchLabels: { app: 'controller' } } },
          { podSelector: { matchLabels: {} } },
        ],
      },
    },
    says: /networkPolicy\.proxies has an entry that is for every pod/,
  },
  {
    title: 'answers of which nothing is taken over',
    plan: 'decision',
    values: { decision: { copies: [] } },
    says: /decision\.copies is empty/,
  },
  {
    title: 'headers by their beginning, which ingress-nginx does not copy',
    plan: 'decision',
    values: { decision: { copies: ['x-account-*'] } },
    says: /copies/,
  },
  {
    title: 'questions at the port of another listener',
    plan: 'decision',
    values: { decision: { port: 8081 } },
    says: /decision\.port is the port of another listener/,
  },
  {
    title: 'gRPC at the port of another listener',
    plan: 'decision',
    values: { decision: { grpc: { enabled: true, port: 8082 } } },
    says: /decision\.grpc\.port is the port of another listener/,
  },
  {
    title: 'gRPC in config',
    plan: 'decision',
    values: config({ decision: { grpc: { port: 9000 } } }),
    says: /config\.decision\.grpc is written by the chart: set decision\.grpc/,
  },
  {
    title: 'certificates of proxies in config',
    plan: 'decision',
    values: config({ decision: { tls: { clientCertificates: { mode: 'optional' } } } }),
    says: /config\.decision\.tls\.clientCertificates is written by the chart: set decision\.clientCertificates/,
  },
  {
    title: 'certificates of proxies of any authority',
    plan: 'decision-grpc',
    values: { decision: { clientCertificates: { secretName: '' } }, secrets: { proxy: { name: 'proxy' } } },
    says: /decision\.clientCertificates\.secretName is empty/,
  },
  {
    title: 'every certificate of an authority',
    plan: 'decision-grpc',
    values: { decision: { clientCertificates: { names: [] } } },
    says: /decision\.clientCertificates\.names is empty/,
  },
  {
    title: 'certificates of proxies without TLS',
    plan: 'decision-grpc',
    values: { tls: { secretName: '' } },
    says: /tls\.secretName is empty: certificates of clients are shown over TLS/,
  },
  {
    title: 'questions from outside the cluster',
    plan: 'decision',
    values: { service: { type: 'LoadBalancer' } },
    says: /service\.type is LoadBalancer: in mode decision it is ClusterIP/,
  },
  {
    title: 'clients of a gateway that takes none',
    plan: 'decision',
    values: { ingress: { enabled: true, hosts: ['api.example.org'] } },
    says: /in mode decision takes none/,
  },
  {
    title: 'proxies in config',
    plan: 'decision',
    values: config({ decision: { proxies: [{ name: 'a', secrets: [password] }] } }),
    says: /config\.decision\.proxies is written by the chart: set secrets\.proxy/,
    hides: password,
  },
  {
    title: 'a port of questions in config',
    plan: 'decision',
    values: config({ decision: { port: 9000 } }),
    says: /config\.decision\.port is written by the chart: set decision\.port/,
  },
  {
    title: 'certificates of questions twice',
    plan: 'decision',
    values: { tls: { secretName: 'tls' }, ...config({ decision: { tls: { certificates: [] } } }) },
    says: /config\.decision\.tls\.certificates is written by the chart: set tls\.secretName/,
  },
  {
    title: 'the secret of a proxy',
    values: config({ decision: { proxies: [{ name: 'a', secrets: [password] }] } }),
    says: /config\.decision\.proxies holds a secret/,
    hides: password,
  },
  {
    title: 'the secret of a proxy as a plain variable',
    plan: 'decision',
    values: { env: { PROXY_SECRET: password } },
    says: /env\.PROXY_SECRET comes from a Secret/,
    hides: password,
  },
  { title: 'an unknown mode', values: { mode: 'proxy' }, says: /mode/ },
  { title: 'an unknown value', values: { replica: 3 }, says: /replica/ },
  { title: 'a digest that is none', values: { image: { digest: 'latest' } }, says: /digest/ },
  { title: 'memory without a bound', values: { resources: { limits: null } }, says: /limits/ },
]

for (const { title, plan = 'standalone', values, says, hides } of cases) {
  t.test(`refused: ${title}`, async (t) => {
    const rendered = render(plan, values)
    t.match(rendered, { ok: false, error: says })
    if (hides !== undefined && !rendered.ok) t.notMatch(rendered.error, hides)
  })
}

t.test('refused: the sidecar of a chart that runs the gateway by itself as well', async (t) => {
  t.match(renderExample(t, { sallyport: { mode: 'standalone' } }), { ok: false, error: /set it to sidecar/ })
})

t.test('the grace period holds all of draining, or is what was given', async (t) => {
  const graceOf = (drain: object) =>
    objectsOf(render('standalone', { drain })).find(({ kind }) => kind === 'Deployment')?.spec.template.spec
      .terminationGracePeriodSeconds
  t.equal(graceOf({}), 45)
  t.equal(graceOf({ preStopSeconds: 5, delaySeconds: 10, seconds: 60 }), 85)
  t.equal(graceOf({ graceSeconds: 40 }), 40)
  t.equal(graceOf({ delaySeconds: 0, seconds: 0 }), 10)
})

t.test('a budget and an autoscaler are there only where one replica may go', async (t) => {
  const kinds = (values: Values) => new Set(objectsOf(render('standalone', values)).map(({ kind }) => kind))
  t.ok(kinds({}).has('PodDisruptionBudget'))
  t.notOk(kinds({}).has('HorizontalPodAutoscaler'))
  t.notOk(kinds({ replicas: 1 }).has('PodDisruptionBudget'))
  t.notOk(kinds({ autoscaling: { enabled: true, minReplicas: 1 } }).has('PodDisruptionBudget'))
})
