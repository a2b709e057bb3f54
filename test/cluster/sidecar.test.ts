/**
 * The example of mode sidecar: a legacy service whose only reachable port is the gateway's.
 * @module
 */

import t from 'tap'
import { imageName } from '../container/image.ts'
import { copyExample } from '../helm/chart.ts'
import { bearer, issueToken, replicasOf } from './gateway.ts'
import { helm } from './kubectl.ts'
import { type Answer, idleScript, newNamespace } from './namespace.ts'

t.test('the gateway stands beside the service, and nobody gets past it', async (t) => {
  const namespace = await newNamespace(t)
  namespace.run('client', idleScript)
  const [repository, tag] = imageName.split(':')
  // Python's image is not at hand: a file server of Node's, on the loopback like the other.
  const server = 'require("http").createServer((q, s) => s.end("a file")).listen(9000, "127.0.0.1")'
  const probe = 'fetch("http://127.0.0.1:9000").catch(() => process.exit(1))'
  const values = {
    service: { image: imageName, command: ['node', '-e', server], probe: ['node', '-e', probe] },
    sallyport: { image: { repository, tag } },
  }
  helm(
    [
      ...['install', 'legacy', copyExample(t), '--namespace', namespace.name],
      ...['--wait', '--timeout', '120s', '--values', '-'],
    ],
    JSON.stringify(values),
  )
  const { token } = issueToken(namespace, 'deployment/legacy')
  const service = `http://legacy.${namespace.name}.svc/`
  t.equal((namespace.ask('client', service) as Answer).status, 401)
  t.strictSame(namespace.ask('client', service, bearer(token)), { status: 200, body: 'a file' })

  const replicas = replicasOf(namespace, 'app.kubernetes.io/name=legacy-service')
  t.equal(replicas.length, 2)
  for (const { address } of replicas) {
    t.equal((namespace.ask('client', `http://${address}:8080/`) as Answer).status, 401)
    for (const port of [9000, 8081]) {
      const answer = namespace.ask('client', `http://${address}:${port}/`)
      t.ok(['ECONNREFUSED', 'TimeoutError'].includes(answer as string), `port ${port} is closed`)
    }
    await t.rejects(fetch(`http://${address}:9000/`), 'nor does the node reach it')
  }
})
