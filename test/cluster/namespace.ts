/**
 * A name space of the cluster for one test, with the Secrets that the chart refers to, pods that speak HTTP, and the
 * strictest of Kubernetes' own security standards.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import { imageName } from '../container/image.ts'
import { freshDatabase } from '../support/postgres.ts'
import type { Scope } from '../support/private-server.ts'
import { sharedRedisUrl } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { kubectl } from './kubectl.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Namespace {
  readonly name: string
  /** In this name space. What it printed; throws with what it complained of. */
  kubectl(words: readonly string[], input?: string): string
  secret(name: string, data: Readonly<Record<string, string>>): void
  /** A pod that runs a script of Node with these labels, and is ready to be asked when this returns. */
  run(name: string, script: string, labels?: Readonly<Record<string, string>>): void
  /** What a pod is answered that sends a GET, or why it has no answer: `ECONNREFUSED`, `TimeoutError`. */
  ask(pod: string, url: string, headers?: Readonly<Record<string, string>>): Answer | string
}

/** Of a legacy service on port 9000: answers with the headers that it got. */
export const legacyScript =
  'require("http").createServer((q, s) => s.end(JSON.stringify(q.headers))).listen(9000)'
/** Of a pod that is only asked to ask. */
export const idleScript = 'setInterval(() => {}, 1e6)'
export const proxySecret = randomBytes(32).toString('hex')

const label = 'pod-security.kubernetes.io/enforce=restricted'

/** A name of its own unless one is given, which then is free again when the test is over. */
export async function newNamespace(t: Scope, fixedName?: string): Promise<Namespace> {
  const name = fixedName ?? `test-${randomBytes(4).toString('hex')}`
  const inside = (words: readonly string[], input?: string) => kubectl(['--namespace', name, ...words], input)
  kubectl(['create', 'namespace', name])
  t.teardown(() => kubectl(['delete', 'namespace', name, `--wait=${fixedName !== undefined}`]))
  kubectl(['label', 'namespace', name, label])
  await until(() => inside(['get', 'serviceaccounts', '--output=name']).includes('/default'))

  function secret(name: string, data: Readonly<Record<string, string>>): void {
    const metadata = { name }
    inside(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: data }),
    )
  }
  secret('sallyport-keys', { 'keys.json': newKeyRing(systemClock).reveal() })
  secret('sallyport-database', { url: await freshDatabase(t) })
  secret('sallyport-redis', { url: sharedRedisUrl() })
  secret('sallyport-proxy', { secret: proxySecret })
  return {
    name,
    kubectl: inside,
    secret,
    run(name, script, labels = {}) {
      inside(['apply', '-f', '-'], JSON.stringify(podOf(name, script, labels)))
      inside(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s'])
    },
    ask(pod, url, headers = {}) {
      const words = JSON.stringify([url, { headers }])
      const script = `fetch(...${words.slice(0, -2)},"signal":AbortSignal.timeout(3000)}])
        .then(async (answer) => ({ status: answer.status, body: await answer.text() }))
        .catch((error) => error.cause?.code ?? error.name)
        .then((outcome) => console.log(JSON.stringify(outcome)))`
      return JSON.parse(inside(['exec', pod, '--', 'node', '-e', script]))
    },
  }
}

function podOf(name: string, script: string, labels: Readonly<Record<string, string>>): object {
  const security = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name, image: imageName, command: ['node', '-e', script], securityContext: security }],
    },
  }
}
