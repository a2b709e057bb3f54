/**
 * Mode standalone by the steps of docs/kubernetes.md: from Secrets to a service that nobody reaches without a token.
 * @module
 */

import t from 'tap'
import { until } from '../support/until.ts'
import { bearer, issueToken, replicasOf, revokeToken } from './gateway.ts'
import { helm } from './kubectl.ts'
import { type Answer, idleScript, legacyScript, newNamespace } from './namespace.ts'
import { policyOfPage, valuesOfPage, wordsFor } from './page.ts'

t.test('the name space lets in no pod that may do more than the chart asks for', async (t) => {
  const namespace = await newNamespace(t)
  const pod = { name: 'root', image: 'localhost/sallyport:test' }
  const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root' }, spec: { containers: [pod] } }
  t.throws(() => namespace.kubectl(['apply', '-f', '-'], JSON.stringify(manifest)), /violates PodSecurity/)
})

t.test('as the page says, a token passes and nothing else does', async (t) => {
  const namespace = await newNamespace(t)
  const ingress = await newNamespace(t, 'ingress-nginx')
  namespace.run('legacy', legacyScript, { app: 'legacy' })
  namespace.kubectl(['expose', 'pod/legacy', '--port=9000'])
  namespace.run('stranger', idleScript)
  ingress.run('controller', idleScript)
  helm(wordsFor(namespace, 'install'), valuesOfPage('standalone', namespace))

  const service = `http://gateway-sallyport.${namespace.name}.svc/anything`
  const { id, token } = issueToken(namespace)
  const refused = ingress.ask('controller', service) as Answer
  t.equal(refused.status, 401)
  const allowed = ingress.ask('controller', service, bearer(token)) as Answer
  t.equal(allowed.status, 200)
  const seen = JSON.parse(allowed.body)
  t.equal(seen['x-sallyport-subject'], 'alice')
  t.notOk('authorization' in seen, 'the service does not see the token')

  const replicas = replicasOf(namespace)
  t.equal(replicas.length, 2)
  await t.test(
    'only those that networkPolicy names reach the gateway, and no pod its admin port',
    async (t) => {
      const unreached = ['ECONNREFUSED', 'TimeoutError']
      for (const { address } of replicas) {
        t.equal((ingress.ask('controller', `http://${address}:8080/`) as Answer).status, 401)
        t.ok(
          unreached.includes(namespace.ask('stranger', `http://${address}:8080/`, bearer(token)) as string),
        )
        for (const [{ ask }, pod] of [[namespace, 'stranger'] as const, [ingress, 'controller'] as const]) {
          t.ok(unreached.includes(ask(pod, `http://${address}:8081/metrics`) as string), `${pod}: /metrics`)
        }
        const fromNode = await fetch(`http://${address}:8081/readyz`)
        t.equal(fromNode.status, 200, 'the node with its probes reaches it')
      }
    },
  )
  await t.test('the policy of the page closes the service to all but the gateway', async (t) => {
    const legacy = `http://legacy.${namespace.name}.svc:9000/`
    t.equal((namespace.ask('stranger', legacy) as Answer).status, 200, 'before, anybody reaches it')
    namespace.kubectl(['apply', '-f', '-'], policyOfPage())
    await untilClosed(() => namespace.ask('stranger', legacy))
    t.equal((ingress.ask('controller', service, bearer(token)) as Answer).status, 200)
  })
  await t.test('what is revoked in one pod is refused by all when the command returns', async (t) => {
    for (const { address } of replicas) {
      const answer = ingress.ask('controller', `http://${address}:8080/`, bearer(token)) as Answer
      t.equal(answer.status, 200)
    }
    revokeToken(namespace, id)
    for (const { address } of replicas) {
      const answer = ingress.ask('controller', `http://${address}:8080/`, bearer(token)) as Answer
      t.equal(answer.status, 401)
    }
  })
})

/** The plugin takes a moment to carry out what is applied. */
async function untilClosed(ask: () => Answer | string): Promise<void> {
  await until(() => typeof ask() === 'string', 30_000)
}
