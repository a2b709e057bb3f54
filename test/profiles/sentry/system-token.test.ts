/**
 * The system token passes from internal networks alone, whoever says where a request comes from, and Sentry gets its own
 * in place of the gateway's.
 * @module
 */

import t, { type Test } from 'tap'
import { compileClientAddress } from '../../../src/client-address/client-address.ts'
import { isRefusal } from '../../../src/request/refusal.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { isRefused, isSeenAs } from './checks.ts'
import { sentryTokens } from './credentials.ts'
import { bearer, from, type Scene, startScene } from './scene.ts'

const path = '/api/0/internal/health/'

t.test('with 10.0.0.0/8 as internal networks', async (t) => {
  const scene = await startScene(t)
  const send = (text: string, ...headers: readonly HeaderLine[]) => scene.send(path, bearer(text), ...headers)
  const { systemToken, sentry } = scene

  await t.test(
    'E1 from an internal address it is accepted, and Sentry sees its own system token',
    async (t) => {
      await isSeenAs(t, () => send(systemToken, from('10.1.2.3')), 'system')
      t.strictSame(sentry.last().header('authorization'), [`Bearer ${sentryTokens.system}`])
      t.strictSame(sentry.last().header('x-forwarded-for'), ['10.1.2.3'])
      t.notMatch(JSON.stringify(sentry.last().headers), systemToken, "the gateway's stays here")
    },
  )

  await t.test('E2 from outside it is no token, and the log says so without its text', async (t) => {
    await isRefused(t, scene, () => send(systemToken, from('203.0.113.9')), 'Invalid token')
    const events = scene.log.filter((entry) =>
      JSON.stringify(entry).includes('"the system token came from outside"'),
    )
    t.equal(events.length, 1)
    t.match(JSON.stringify(events), '203.0.113.')
    t.notMatch(JSON.stringify(scene.log), systemToken)
  })

  await t.test('E3 another text from an internal address is no token', async (t) => {
    await isRefused(t, scene, () => send('wrong', from('10.1.2.3')), 'Invalid token')
    await isRefused(t, scene, () => send(`${systemToken}x`, from('10.1.2.3')), 'Invalid token')
  })

  await t.test("Sentry's own system token, presented by a client, is not known here", async (t) => {
    await isRefused(t, scene, () => send(sentryTokens.system, from('10.1.2.3')), 'Invalid token')
  })

  await t.test('E6 what stands left of the last hop makes nobody internal, and does not go up', async (t) => {
    const forged = from('10.0.0.1, 203.0.113.9')
    await isRefused(t, scene, () => send(systemToken, forged), 'Invalid token')
    await isSeenAs(t, () => send(sentryTokens.user, forged), 'user')
    t.strictSame(sentry.last().header('x-forwarded-for'), ['203.0.113.9'])
  })

  await t.test('E7 a mapped IPv6 address is the IPv4 address', async (t) => {
    await isSeenAs(t, () => send(systemToken, from('::ffff:10.0.0.1')), 'system')
    t.strictSame(sentry.last().header('x-forwarded-for'), ['10.0.0.1'])
    await isRefused(t, scene, () => send(systemToken, from('::ffff:203.0.113.9')), 'Invalid token')
  })

  await t.test('E8 an address that cannot be read is refused, and so is a peer without one', async (t) => {
    const before = sentry.requests.length
    for (const address of ['nobody', '10.0.0', '10.0.0.1:80', '010.0.0.1', '']) {
      t.equal((await send(systemToken, from(address))).status, 400, JSON.stringify(address))
    }
    t.equal(sentry.requests.length, before)
    const find = compileClientAddress({ trustedProxies: [], header: 'x-forwarded-for' })
    t.ok(isRefusal(find(undefined, ['10.0.0.1'])))
    t.ok(isRefusal(find('', ['10.0.0.1'])))
  })

  await t.test('it is presented with Bearer alone', async (t) => {
    const basic: HeaderLine = ['Authorization', `Basic ${Buffer.from(`${systemToken}:`).toString('base64')}`]
    const internal = from('10.1.2.3')
    await isRefused(t, scene, () => scene.send(path, basic, internal), 'API key is not valid')
    const asDsn: HeaderLine = ['Authorization', `DSN https://${systemToken}@h/42`]
    const send = () =>
      scene.request({ method: 'POST', path: '/api/0/monitors/m/checkins/', headers: [asDsn, internal] })
    await isRefused(t, scene, send, 'Invalid dsn')
  })
})

async function refusesEverywhere(t: Test, scene: Scene): Promise<void> {
  for (const address of ['10.1.2.3', '127.0.0.1', '203.0.113.9']) {
    await isRefused(
      t,
      scene,
      () => scene.send(path, bearer(scene.systemToken), from(address)),
      'Invalid token',
    )
  }
}

t.test('E4 without internal networks nobody has it', async (t) => {
  await refusesEverywhere(t, await startScene(t, { internalNetworks: [] }))
})

t.test('E5 the network 10.1.2.3/8 is 10.0.0.0/8', async (t) => {
  const scene = await startScene(t, { internalNetworks: ['10.1.2.3/8'] })
  for (const address of ['10.0.0.0', '10.255.255.255']) {
    await isSeenAs(t, () => scene.send(path, bearer(scene.systemToken), from(address)), 'system')
  }
  await isRefused(
    t,
    scene,
    () => scene.send(path, bearer(scene.systemToken), from('11.0.0.0')),
    'Invalid token',
  )
})

t.test('E6 a client that no proxy vouches for is its own peer, whatever it says', async (t) => {
  const scene = await startScene(t, {
    adjust: (settings) => ({ ...settings, clientAddress: { ...settings.clientAddress, trustedProxies: [] } }),
  })
  const claims: readonly HeaderLine[] = [
    from('10.0.0.1'),
    ['Forwarded', 'for=10.0.0.1'],
    ['X-Real-IP', '10.0.0.1'],
    ['True-Client-IP', '10.0.0.1'],
  ]
  for (const claim of claims) {
    await isRefused(t, scene, () => scene.send(path, bearer(scene.systemToken), claim), 'Invalid token')
    await isSeenAs(t, () => scene.send(path, bearer(sentryTokens.user), claim), 'user')
    const { headers } = scene.sentry.last()
    t.strictSame(scene.sentry.last().header('x-forwarded-for'), ['127.0.0.1'])
    t.notMatch(JSON.stringify(headers), '10.0.0.1', claim[0])
  }
})

t.test("without Sentry's system token in the settings the gateway's gets nobody through", async (t) => {
  const scene = await startScene(t, {
    adjust: (settings) => ({
      ...settings,
      routes: settings.routes.map((route) => {
        const { sentry } = route.profile
        return sentry ? { ...route, profile: { sentry: { ...sentry, systemToken: '', token: '' } } } : route
      }),
    }),
  })
  const before = scene.sentry.requests.length
  const system = await scene.send(path, bearer(scene.systemToken), from('10.0.0.1'))
  const own = await scene.send(path, bearer((await scene.issue()).text))
  for (const { status, body } of [system, own]) {
    t.equal(status, 403)
    t.equal(body.toString(), '{"detail":"You do not have permission to perform this action."}')
  }
  t.equal(scene.sentry.requests.length, before)
})
