/**
 * What the chart installs works: the gateway takes the configuration that is rendered for it, after the Job that comes
 * before it, and not without.
 * @module
 */

import t from 'tap'
import { openChecks } from '../integration/decide/grpc/checking.ts'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { until } from '../support/until.ts'
import { deploy, proxySecret, started } from './deploy.ts'

t.test('behind the Job the gateway is ready, refuses who has no token, and ends in order', async (t) => {
  const upstream = await recordingUpstream(t)
  const deployed = await deploy(t, upstream.url)

  const early = await deployed.serve()
  t.equal(await early.ended, 1, 'without migrations it does not start')
  t.match(early.output(), /migrate/)

  const prepared = await deployed.prepare()
  t.equal(prepared.code, 0, prepared.stderr)
  const running = await deployed.serve()
  await started(running)
  t.equal((await request(deployed.adminPort, { path: '/livez' })).status, 200)
  t.equal((await request(deployed.adminPort, { path: '/readyz' })).status, 200)
  t.equal((await request(deployed.port, { path: '/anything' })).status, 401)
  t.equal(upstream.requests.length, 0)
  await running.stop()
  t.equal(await running.ended, 0)
})

t.test('an upgrade of routes is taken over by the gateway as it runs, one of the store is not', async (t) => {
  const upstream = await recordingUpstream(t)
  const deployed = await deploy(t, upstream.url)
  const prepared = await deployed.prepare()
  t.equal(prepared.code, 0, prepared.stderr)
  await started(await deployed.serve())
  const ask = (path: string) => request(deployed.port, { path })
  const configuration = async () => {
    const { body } = await request(deployed.adminPort, { path: '/readyz' })
    return JSON.parse(body.toString()).checks.configuration
  }

  const match = { path: '/{path*}', methods: ['GET'] }
  const routes = [{ name: 'open', match, upstream: 'legacy', authorize: { public: true } }]
  t.equal((await ask('/before')).status, 401)
  deployed.upgrade({ routes })
  await until(async () => (await ask('/after')).status === 200)
  t.strictSame(new Set(upstream.requests.map(({ target }) => target)), new Set(['/after']))

  deployed.upgrade({ store: { outageGrace: '10s' } })
  await until(async () => (await configuration()) === 'degraded')
  t.equal((await ask('/after')).status, 200, 'what was in force is in force')
})

t.test('in mode decision a proxy that proves itself is told who may pass, and nothing goes up', async (t) => {
  const upstream = await recordingUpstream(t)
  const deployed = await deploy(t, upstream.url, {}, 'decision')
  const prepared = await deployed.prepare()
  t.equal(prepared.code, 0, prepared.stderr)
  const issued = await deployed.command(
    ...['token', 'issue', '--kind', 'personal', '--subject', 'alice', '--by', 'test', '--json'],
  )
  t.equal(issued.code, 0, issued.stderr)
  const { token } = JSON.parse(issued.stdout)
  await started(await deployed.serve())
  t.equal((await request(deployed.adminPort, { path: '/readyz' })).status, 200)

  const ask = (headers: readonly [string, string][]) =>
    request(deployed.port, {
      path: '/nginx',
      headers: [
        // What ingress-nginx says by itself, and with the ConfigMap that is told.
        ['Host', 'demo-sallyport.default.svc.cluster.local'],
        ['X-Request-ID', '0123456789abcdef0123456789abcdef'],
        ['X-Original-URL', 'https://api.example.org/anything'],
        ['X-Original-Method', 'GET'],
        ['X-Sent-From', 'nginx-ingress-controller'],
        ['X-Real-IP', '192.0.2.7'],
        ['X-Forwarded-For', '192.0.2.7'],
        ['X-Auth-Request-Redirect', '/anything'],
        ...headers,
      ],
    })
  const proof: [string, string] = ['X-Sallyport-Proxy', proxySecret]
  const credential: [string, string] = ['Authorization', `Bearer ${token}`]
  t.equal((await ask([credential])).status, 503, 'a token is no proof of a proxy')
  t.equal((await ask([proof])).status, 401)
  const allowed = await ask([proof, credential])
  t.equal(allowed.status, 200, 'what is copied by default is enough')
  t.strictSame(allowed.header('x-sallyport-subject'), ['alice'])
  const withUri = await ask([proof, credential, ['X-Original-URI', '/anything']])
  t.equal(withUri.status, 501, 'what ingress-nginx says with an auth-method cannot be removed')

  const check = openChecks(t, deployed.grpcPort)
  t.equal((await check({ headers: [credential] }, [proxySecret])).httpResponse.case, 'okResponse')
  await t.rejects(check({ headers: [credential] }, []), 'nor is it by gRPC')
  t.equal(upstream.requests.length, 0)
})

t.test('a configuration that cannot be used fails in the Job, before the schema is touched', async (t) => {
  const authorize = { condition: 'token.nonsense ==' }
  const routes = [{ name: 'everything', match: { path: '/{path*}' }, upstream: 'legacy', authorize }]
  const deployed = await deploy(t, 'http://127.0.0.1:9', { routes })
  const prepared = await deployed.prepare()
  t.equal(prepared.code, 1)
  t.match(prepared.stderr, /sallyport\.yaml:\d+: routes\[0\]\.authorize\.condition/)
})
