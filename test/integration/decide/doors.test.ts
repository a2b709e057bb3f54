/**
 * What each kind of proxy is told: the verdict that the gateway as the proxy would act by, and what is to go up.
 * @module
 */

import t from 'tap'
import { type DoorName, doorNames, headerOf, startAsking } from './asking.ts'

const routes = [
  {
    match: { path: '/x' },
    credentials: ['bearer' as const, { header: 'x-auth-token' }],
    authorize: { scopes: { allOf: ['read'] } },
  },
  { match: { path: '/hidden' }, onRefusal: 'not-found' as const, authorize: { scopes: { allOf: ['x'] } } },
  { match: { path: '/socket' }, upgrade: { protocols: ['websocket'] } },
  {
    match: { path: '/own' },
    upstreamCredential: { header: 'x-legacy-key', value: 'the-services-own-key' },
    authorize: {},
  },
]

for (const door of doorNames) {
  t.test(`${door} is told who was let through, and to keep the credential back`, async (t) => {
    const { gateway, ask, upstream } = await startAsking(t, { routes })
    const { text, token } = await gateway.issue({ scopes: ['read'] })
    const answer = await ask(door, { headers: [['Authorization', `Bearer ${text}`]] })
    t.equal(answer.status, 200)
    t.equal(headerOf(answer, 'x-sallyport-subject'), 'alice')
    t.equal(headerOf(answer, 'x-sallyport-token-id'), token.id)
    t.equal(headerOf(answer, 'x-sallyport-owner'), 'false')
    t.equal(headerOf(answer, 'authorization'), undefined)
    if (door === 'envoy') t.equal(headerOf(answer, 'x-envoy-auth-headers-to-remove'), 'authorization')
    t.equal(answer.body.length, 0)
    t.equal(upstream.requests.length, 0, 'nothing is sent')
    t.match(gateway.log.at(-1), {
      outcome: 'allowed',
      route: 'route-0',
      status: 200,
      door,
      proxy: 'edge',
      clientAddress: '192.0.2.7',
      host: 'app.example',
      path: '/x',
      tokenId: token.id,
    })
    t.equal(
      await gateway.metric('sallyport_exchanges_total{route="route-0",outcome="allowed"}'),
      1,
      'it counts as an exchange',
    )
    t.notMatch(JSON.stringify(gateway.log), text)
  })

  t.test(`${door} gets refusals that its client can read`, async (t) => {
    const { gateway, ask } = await startAsking(t, { routes })
    const { text } = await gateway.issue({ scopes: ['write'] })
    const missing = await ask(door)
    t.equal(missing.status, 401)
    t.match(headerOf(missing, 'www-authenticate'), /^Bearer realm="sallyport"/)
    t.match(JSON.parse(missing.body.toString()), { code: 'credential_required', status: 401 })

    const poor = await ask(door, { headers: [['Authorization', `Bearer ${text}`]] })
    t.equal(poor.status, 403)
    t.match(headerOf(poor, 'www-authenticate'), 'error="insufficient_scope"')

    const hidden = await ask(door, { path: '/hidden', headers: [['Authorization', `Bearer ${text}`]] })
    t.equal(hidden.status, door === 'nginx' ? 403 : 404, 'nginx knows only two refusals')
    t.equal(headerOf(hidden, 'x-sallyport-status'), '404')
    t.equal((await ask(door, { path: '/nowhere' })).status, door === 'nginx' ? 403 : 404)
  })

  t.test(`${door} is told what only an owner may send`, async (t) => {
    const { gateway, ask } = await startAsking(t, { routes })
    const asks = async (access: 'owner' | 'read-write') => {
      const { text } = await gateway.issue({ scopes: ['read'], access })
      return ask(door, {
        headers: [
          ['Authorization', `Bearer ${text}`],
          ['X-Account-Access-Control', '{"admin":["bob"]}'],
          ['X-Sallyport-Subject', 'mallory'],
        ],
      })
    }
    const owner = await asks('owner')
    t.equal(owner.status, 200)
    t.equal(headerOf(owner, 'x-sallyport-owner'), 'true')
    t.equal(headerOf(owner, 'x-account-access-control'), '{"admin":["bob"]}')
    t.equal(headerOf(owner, 'x-sallyport-subject'), 'alice')
    const writer = await asks('read-write')
    t.equal(writer.status, 200)
    t.equal(headerOf(writer, 'x-account-access-control'), undefined)
    t.equal(headerOf(writer, 'x-sallyport-subject'), 'alice')
    if (door === 'envoy') {
      t.strictSame(headerOf(writer, 'x-envoy-auth-headers-to-remove')?.split(',').sort(), [
        'authorization',
        'x-account-access-control',
      ])
    }
  })

  t.test(`${door} sends the gateway's own credential for whoever was let through`, async (t) => {
    const { gateway, ask } = await startAsking(t, { routes })
    const { text } = await gateway.issue()
    const answer = await ask(door, { path: '/own', headers: [['Authorization', `Bearer ${text}`]] })
    t.equal(headerOf(answer, 'x-legacy-key'), 'the-services-own-key')
  })

  t.test(`${door} may switch protocols only where the route lets it`, async (t) => {
    const { gateway, ask } = await startAsking(t, { routes })
    const { text } = await gateway.issue({ scopes: ['read'] })
    const handshake = (path: string, key = 'dGhlIHNhbXBsZSBub25jZQ==') =>
      ask(door, {
        path,
        headers: [
          ['Authorization', `Bearer ${text}`],
          ['Sec-WebSocket-Key', key],
          ['Sec-WebSocket-Version', '13'],
          ...upgradeOf(door),
        ],
      })
    t.equal((await handshake('/socket')).status, 200)
    t.equal((await handshake('/x')).status, 501, 'the route allows none')
    t.equal((await handshake('/socket', 'short')).status, door === 'nginx' ? 403 : 400)
  })
}

/** As far as the proxies show it. */
function upgradeOf(door: DoorName): readonly (readonly [string, string])[] {
  if (door === 'nginx') return [['X-Original-Upgrade', 'websocket']]
  if (door === 'traefik') return []
  return [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ]
}

t.test('what is asked anywhere else is not there', async (t) => {
  const { ask, gateway } = await startAsking(t, { routes })
  await ask('nginx')
  for (const path of ['/', '/squid', '/nginxx', '/livez', '//nginx'])
    t.equal((await fetch(`http://127.0.0.1:${gateway.decisionPort}${path}`)).status, 404, path)
})

t.test(
  'the proof for the upstream goes up through other proxies as well, and the keys are there too',
  async (t) => {
    const { ask, gateway } = await startAsking(t, {
      assertion: { issuer: 'https://gateway.example' },
      routes: [{ match: { path: '/x' }, assertion: { header: 'x-legacy-key', audience: 'service' } }],
    })
    const { text, token } = await gateway.issue()
    for (const door of doorNames) {
      const answer = await ask(door, { headers: [['Authorization', `Bearer ${text}`]] })
      const [, claims = ''] = headerOf(answer, 'x-legacy-key')?.split('.') ?? []
      t.match(
        JSON.parse(Buffer.from(claims, 'base64url').toString()),
        { aud: 'service', token_id: token.id },
        door,
      )
    }
    const keys = await fetch(`http://127.0.0.1:${gateway.decisionPort}/.well-known/jwks.json`)
    t.match(await keys.json(), { keys: [{ kty: 'EC', alg: 'ES256' }] })
  },
)
