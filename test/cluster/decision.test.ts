/**
 * Mode decision: an ingress controller asks about each request, and nobody else can.
 * @module
 */

import t from 'tap'
import { bearer, issueToken, replicasOf } from './gateway.ts'
import { helm } from './kubectl.ts'
import { type Answer, idleScript, newNamespace, proxySecret } from './namespace.ts'
import { valuesOfPage, wordsFor } from './page.ts'

t.test('the controller that proves itself is told who may pass', async (t) => {
  const namespace = await newNamespace(t)
  const ingress = await newNamespace(t, 'ingress-nginx')
  ingress.run('controller', idleScript)
  namespace.run('stranger', idleScript)
  helm(wordsFor(namespace, 'install'), valuesOfPage('decision', namespace))
  const { token } = issueToken(namespace)

  // As ingress-nginx says it.
  const question = {
    'x-request-id': '0123456789abcdef0123456789abcdef',
    'x-original-url': 'https://api.example.org/anything',
    'x-original-method': 'GET',
    'x-sent-from': 'nginx-ingress-controller',
    'x-real-ip': '192.0.2.7',
    'x-forwarded-for': '192.0.2.7',
    'x-auth-request-redirect': '/anything',
  }
  const proof = { 'x-sallyport-proxy': proxySecret }
  const door = `http://gateway-sallyport.${namespace.name}.svc:8082/nginx`
  const ask = (headers: Readonly<Record<string, string>>) =>
    (ingress.ask('controller', door, { ...question, ...headers }) as Answer).status
  t.equal(ask({ ...proof, ...bearer(token) }), 200)
  t.equal(ask(proof), 401)
  t.equal(ask(bearer(token)), 503, 'a token is no proof of a proxy')

  for (const { address } of replicasOf(namespace)) {
    for (const [{ ask }, pod, ports] of [
      [namespace, 'stranger', [8080, 8081, 8082]],
      [ingress, 'controller', [8080, 8081]],
    ] as const) {
      for (const port of ports) {
        const answer = ask(pod, `http://${address}:${port}/nginx`, {
          ...question,
          ...proof,
          ...bearer(token),
        })
        t.ok(['ECONNREFUSED', 'TimeoutError'].includes(answer as string), `${pod} does not reach ${port}`)
      }
    }
  }
})
