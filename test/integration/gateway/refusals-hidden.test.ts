/**
 * `onRefusal: not-found`: who may not have a thing cannot even learn that it is there.
 * @module
 */

import t from 'tap'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { isRefused, lineOf, notFound, seenByClient } from './refusal-checks.ts'

type Authorize = NonNullable<GatewayInput['routes'][number]['authorize']>

const rules: Readonly<Record<string, Authorize>> = {
  kind_not_allowed: { kinds: ['admin'] },
  insufficient_scope: { scopes: { allOf: ['x'] } },
  binding_mismatch: { bindings: { project: 'x' } },
  network_not_allowed: { networks: ['192.0.2.0/24'] },
  insufficient_access: { access: 'owner' },
  condition_not_met: { condition: 'false' },
  privileged_header: {},
}

t.test('a 403 of any rule is the very 404 of a path that no route matches', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: Object.entries(rules).map(([code, authorize]) => ({
      name: code.replaceAll('_', '-'),
      match: { path: `/${code}` },
      authorize,
      privilegedHeaders: { fromNonOwner: 'refuse' },
      onRefusal: 'not-found',
    })),
  })
  const { text } = await gateway.issue()
  const headers = [
    ['Authorization', `Bearer ${text}`],
    ['X-Container-Read', '.r:*'],
  ] as const
  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
    const nothing = await gateway.request({ method, path: '/nothing', headers })
    if (method !== 'HEAD') isRefused(t, nothing, notFound, method)
    for (const code of Object.keys(rules)) {
      const answer = await gateway.request({ method, path: `/${code}`, headers })
      t.equal(seenByClient(answer), seenByClient(nothing), `${method} ${code}`)
      const line = await lineOf(gateway, answer)
      t.match(line, { outcome: 'not_found', status: 404, route: code.replaceAll('_', '-') })
      t.match(line.reason, `hidden: ${code}: `, 'the log knows what it was')
    }
  }
  t.strictSame(upstream.requests, [])
})

t.test('a 401 stays, so that clients know to present a credential; 400 and 503 stay too', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/hidden' }, onRefusal: 'not-found' }],
  })
  const statusWith = async (...values: readonly string[]) =>
    (
      await gateway.request({
        path: '/hidden',
        headers: values.map((value) => ['Authorization', value] as const),
      })
    ).status
  t.equal(await statusWith(), 401)
  t.equal(await statusWith('Bearer unknown'), 401)
  t.equal(await statusWith('Bearer two words'), 400)
  t.equal(await statusWith('Bearer a', 'Bearer a'), 400)
  const { text } = await gateway.issue()
  t.equal(await statusWith(`Bearer ${text}`), 200)
  await upstream.close()
  t.equal(await statusWith(`Bearer ${text}`), 502)
})
