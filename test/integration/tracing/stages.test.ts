/**
 * Stages that had to wait leave spans, and only those.
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { startRedis } from '../../support/redis.ts'
import { bearer, byKind, spansWhen, startTraced } from './scene.ts'

/** What two gateways need to be replicas of each other. */
function shared(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tracing-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return {
    keys: { ring: newKeyRing(systemClock).reveal() },
    store: { sqlite: { path: join(folder, 'tokens.db') } },
  }
}

t.test('a tier on the wire and a limit that asks leave spans', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.stop())
  const upstream = await recordingUpstream(t)
  const input = {
    ...shared(t),
    cache: { redis: { url: redis.url, timeout: '1s' } },
    limits: { few: { by: 'token' as const, requests: 100, per: '24h', exact: true } },
    routes: [{ match: { path: '/{rest*}' }, limits: ['few'] }],
  }
  const first = await startTraced(t, upstream.url, input)
  const second = await startTraced(t, upstream.url, input)
  const { text } = await first.gateway.issue()
  const stages = async ({ gateway, collector }: typeof first, count: number) => {
    const before = collector.spans().length
    t.equal((await gateway.request({ headers: [bearer(text)] })).status, 200)
    const { server, internal } = byKind((await spansWhen(collector, before + count)).slice(before))
    for (const { parentSpanId } of internal) t.equal(parentSpanId, server[0]?.spanId)
    return [server[0]?.attributes['sallyport.token.tier'], ...internal.map(({ name }) => name)]
  }
  t.strictSame(await stages(first, 4), ['store', 'resolve token', 'limits'])
  t.strictSame(await stages(second, 4), ['redis', 'resolve token', 'limits'])
  t.strictSame(await stages(second, 3), ['memory', 'limits'])
})

t.test('a login upstream that has to be fetched leaves a span', async (t) => {
  const upstream = await recordingUpstream(t, ({ target }) =>
    target === '/auth/v1.0'
      ? {
          headers: [
            ['X-Auth-Token', 'AUTH_tk1'],
            ['X-Auth-Token-Expires', '3600'],
            ['X-Storage-Url', `${upstream.url}/v1/AUTH_a`],
          ],
        }
      : { body: 'ok' },
  )
  const input = {
    ...shared(t),
    routes: [
      {
        match: { path: '/{path*}' },
        pathMode: 'raw-exact' as const,
        profile: { swift: {} },
        credentials: [{ header: 'X-Auth-Token' }],
        authorize: { kinds: ['session' as const] },
        identityHeaders: {},
      },
    ],
  }
  const first = await startTraced(t, upstream.url, input)
  const login = await first.gateway.request({
    path: '/auth/v1.0',
    headers: [
      ['X-Auth-User', 'a:a'],
      ['X-Auth-Key', 'key'],
    ],
  })
  const token = login.header('x-auth-token')[0] ?? ''
  const second = await startTraced(t, upstream.url, input)
  const answer = await second.gateway.request({ path: '/v1/AUTH_a', headers: [['X-Auth-Token', token]] })
  t.equal(answer.status, 200)
  const { internal } = byKind(await spansWhen(second.collector, 4))
  t.strictSame(
    internal.map(({ name }) => name),
    ['resolve token', 'upstream credential'],
  )
  await second.gateway.close()
  const bytes = [...first.collector.posts, ...second.collector.posts].map(({ body }) => body).join()
  t.notOk(bytes.includes(token))
  t.notOk(bytes.includes('AUTH_tk1'))
})
