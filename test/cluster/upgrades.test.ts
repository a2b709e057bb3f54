/**
 * Upgrades of a release whose gateway is under load: what is taken over by the pods as they are, what replaces them, and
 * what is refused before anything changes.
 * @module
 */

import t from 'tap'
import { until } from '../support/until.ts'
import { issueToken, replicasOf } from './gateway.ts'
import { helm, helmMeanwhile } from './kubectl.ts'
import { type Answer, idleScript, legacyScript, type Namespace, newNamespace } from './namespace.ts'
import { valuesOfPage, wordsFor } from './page.ts'

/**
 * A pod that sends a request every few milliseconds, each on a connection of its own, and tells what became of them from
 * the first answer on: the network plugin takes a moment to know a new pod.
 */
const loadScript = (url: string, token: string) => `
  const http = require('http'), counts = {}
  const count = (outcome) => { if (counts[200] || outcome === 200) counts[outcome] = (counts[outcome] ?? 0) + 1 }
  setInterval(() => http.get('${url}', { agent: false, headers: { authorization: 'Bearer ${token}' } },
    (answer) => { answer.resume(); answer.on('end', () => count(answer.statusCode)) })
    .on('error', (error) => count(error.code ?? 'error')), 20)
  http.createServer((request, answer) => answer.end(JSON.stringify(counts))).listen(9100)`

t.test('a release goes through its upgrades', async (t) => {
  const namespace = await newNamespace(t)
  namespace.run('legacy', legacyScript, { app: 'legacy' })
  namespace.kubectl(['expose', 'pod/legacy', '--port=9000'])
  namespace.run('client', idleScript)
  const values = valuesOfPage('standalone', namespace).replace(/networkPolicy:\n.*?(?=\nconfig:)/s, '')
  helm(wordsFor(namespace, 'install'), values)
  const service = `http://gateway-sallyport.${namespace.name}.svc/anything`
  const { token } = issueToken(namespace)
  namespace.run('load', loadScript(service, token))
  const names = () => replicasOf(namespace).map(({ name }) => name)
  const before = names()

  await t.test('one of routes is taken over by the pods as they are', async (t) => {
    t.equal((namespace.ask('client', service) as Answer).status, 401)
    const opened = values.replace(/authorize: .*/, 'authorize: { public: true }')
    await helmMeanwhile(wordsFor(namespace, 'upgrade'), opened)
    await until(() => (namespace.ask('client', service) as Answer).status === 200, 120_000)
    t.strictSame(names(), before)
    await helmMeanwhile(wordsFor(namespace, 'upgrade'), values)
    await until(() => (namespace.ask('client', service) as Answer).status === 401, 120_000)
    t.strictSame(names(), before)
  })
  await t.test('one with a problem is refused by the Job, and nothing has changed', async (t) => {
    const wrong = values.replace(/authorize: .*/, 'authorize: { condition: "token.nonsense ==" }')
    const words = wordsFor(namespace, 'upgrade', '--set', 'migrations.backoffLimit=0')
    await t.rejects(helmMeanwhile(words, wrong), /pre-upgrade hooks failed/)
    t.strictSame(names(), before)
    t.equal((namespace.ask('client', service) as Answer).status, 401)
  })
  await t.test('one that needs a restart replaces the pods, and no request is lost', async (t) => {
    await helmMeanwhile(wordsFor(namespace, 'upgrade', '--set', 'config.store.outageGrace=10s'), values)
    const after = names()
    t.equal(after.length, 2)
    t.notOk(
      after.some((name) => before.includes(name)),
      'every pod is another',
    )
  })
  const { 200: passed = 0, ...lost } = countsOf(namespace)
  t.strictSame(lost, {}, `of ${passed} requests none was answered otherwise`)
  t.ok(passed > 500)
})

function countsOf({ kubectl }: Namespace): Readonly<Record<string, number>> {
  const script = 'fetch("http://127.0.0.1:9100").then((a) => a.text()).then(console.log)'
  return JSON.parse(kubectl(['exec', 'load', '--', 'node', '-e', script]))
}
