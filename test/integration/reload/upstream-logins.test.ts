/**
 * What a route to Swift has opened for its subjects' logins is let go of when a reload has changed the route and the last
 * request by the former one is over.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import t from 'tap'
import { UpstreamLogins } from '../../../src/tokens/upstream-logins/upstream-logins.ts'
import { type Configuration, startFollowedGateway } from '../../support/followed-gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

function configuration(url: string, realm: string): Configuration {
  return {
    upstreams: { swift: { url } },
    routes: [
      {
        name: 'swift',
        match: { path: '/{path*}' },
        pathMode: 'raw-exact',
        upstream: 'swift',
        profile: { swift: {} },
        credentials: [{ header: 'X-Auth-Token' }],
        authorize: { kinds: ['session'] },
        identityHeaders: {},
        realm,
      },
    ],
  }
}

/** Those that something still holds. */
async function countOpen(): Promise<number> {
  await sleep(20)
  return queryObjects(UpstreamLogins, { format: 'count' }) as unknown as number
}

t.test(
  'reloads leave the logins of one generation open, and of those with a request under way',
  async (t) => {
    const held = Promise.withResolvers<void>()
    const upstream = await recordingUpstream(t, async ({ target }) => {
      if (target === '/auth/v1.0') {
        return {
          headers: [
            ['X-Auth-Token', 'AUTH_tk1'],
            ['X-Auth-Token-Expires', '3600'],
            ['X-Storage-Url', `${upstream.url}/v1/AUTH_a`],
          ],
        }
      }
      if (target.endsWith('/slow')) await held.promise
      return { body: 'ok' }
    })
    const gateway = await startFollowedGateway(t, configuration(upstream.url, 'realm-0'))
    const logIn = async () => {
      const headers = [
        ['X-Auth-User', 'a:a'],
        ['X-Auth-Key', 'key'],
      ] as const
      const answer = await gateway.request({ path: '/auth/v1.0', headers })
      t.equal(answer.status, 200)
      return answer.header('x-auth-token')[0] ?? ''
    }
    const reload = async (index: number) => {
      gateway.write(configuration(upstream.url, `realm-${index}`))
      gateway.reload()
      await until(
        () => gateway.log.filter(({ message }) => /is in force$/.test(String(message))).length >= index,
      )
    }

    const token = await logIn()
    t.equal(await countOpen(), 1)
    const slow = gateway.request({ path: '/v1/AUTH_a/c/slow', headers: [['X-Auth-Token', token]] })
    await until(() => upstream.requests.some(({ target }) => target.endsWith('/slow')))
    for (let index = 1; index <= 5; index++) {
      await reload(index)
      await logIn()
    }
    t.equal(await countOpen(), 2, 'of the first generation, which is in use, and of the last')
    held.resolve()
    t.equal((await slow).status, 200)
    await until(async () => (await countOpen()) === 1)
  },
)
