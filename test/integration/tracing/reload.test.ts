/**
 * What of tracing a running gateway takes from its file, and what it does not.
 * @module
 */

import t from 'tap'
import { type Configuration, startFollowedGateway } from '../../support/followed-gateway.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { byKind, contextOf, spansWhen, traceId, traceparent, trusted } from './scene.ts'

t.test('sampling and trust follow the file; where spans go does not', async (t) => {
  const upstream = await recordingUpstream(t)
  const collector = await startOtlpReceiver(t)
  const other = await startOtlpReceiver(t)
  const configuration = (tracing: Configuration['tracing']): Configuration => ({
    upstreams: { legacy: { url: upstream.url } },
    routes: [{ name: 'all', match: { path: '/{rest*}' }, upstream: 'legacy', authorize: { public: true } }],
    clientAddress: trusted,
    ...(tracing && { tracing }),
  })
  const endpoint = collector.url
  const gateway = await startFollowedGateway(t, configuration({ endpoint, sampling: { ratio: 0 } }))
  const flagsOf = async () => {
    await gateway.request({ path: '/a' })
    return contextOf(t, upstream.requests.at(-1)).flags
  }
  t.equal(await flagsOf(), '00')

  gateway.write(configuration({ endpoint, sampling: { ratio: 1 } }))
  gateway.reload()
  t.equal(await flagsOf(), '01')
  const { server } = byKind(await spansWhen(collector, 2))
  t.equal(server.length, 1)

  gateway.write(configuration({ endpoint, trust: 'none' }))
  gateway.reload()
  await gateway.request({ path: '/a', headers: [traceparent] })
  t.not(contextOf(t, upstream.requests.at(-1)).traceId, traceId)

  const complaints = () =>
    gateway.log
      .filter(({ message }) => String(message).includes('cannot be used'))
      .map(({ problems }) => String(problems))
  const refused: readonly Configuration['tracing'][] = [
    undefined,
    { endpoint: other.url },
    { endpoint, serviceName: 'other' },
    { endpoint, headers: { 'x-key': 'a' } },
    {},
  ]
  for (const [index, tracing] of refused.entries()) {
    gateway.write(configuration(tracing))
    gateway.reload()
    await until(() => complaints().length > index)
    t.match(complaints().at(-1), /tracing.*needs a restart/)
    t.notMatch(complaints().at(-1), other.url)
  }
  t.equal(other.posts.length, 0)
})

t.test('a gateway without tracing does not begin with it', async (t) => {
  const upstream = await recordingUpstream(t)
  const plain: Configuration = {
    upstreams: { legacy: { url: upstream.url } },
    routes: [{ name: 'all', match: { path: '/{rest*}' }, upstream: 'legacy', authorize: { public: true } }],
  }
  const gateway = await startFollowedGateway(t, plain)
  gateway.write({ ...plain, tracing: {} })
  gateway.reload()
  t.match((await gateway.readiness()).checks, { configuration: 'degraded' })
  await gateway.request({ path: '/a' })
  t.strictSame(upstream.requests[0]?.header('traceparent'), [])
})
