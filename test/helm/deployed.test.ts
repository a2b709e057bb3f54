/**
 * What the chart installs works: the gateway takes the configuration that is rendered for it, after the Job that comes
 * before it, and not without.
 * @module
 */

import t from 'tap'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { deploy, started } from './deploy.ts'

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

t.test('a configuration that cannot be used fails in the Job, before the schema is touched', async (t) => {
  const authorize = { condition: 'token.nonsense ==' }
  const routes = [{ name: 'everything', match: { path: '/{path*}' }, upstream: 'legacy', authorize }]
  const deployed = await deploy(t, 'http://127.0.0.1:9', { routes })
  const prepared = await deployed.prepare()
  t.equal(prepared.code, 1)
  t.match(prepared.stderr, /sallyport\.yaml:\d+: routes\[0\]\.authorize\.condition/)
})
