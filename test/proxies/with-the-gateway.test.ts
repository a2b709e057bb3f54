/**
 * Each proxy with its example and the gateway that it asks: who is let through, refused and challenged, what owners alone
 * see, and that nothing passes without proof of the proxy or once the gateway is gone.
 * @module
 */

import t from 'tap'
import { type RawAnswer, request } from '../support/raw-request.ts'
import { type HeaderLine, recordingUpstream } from '../support/recording-upstream.ts'
import { startDecidingGateway } from './deciding-gateway.ts'
import { startProxy } from './start-proxy.ts'
import { handshake, switchFor } from './switching.ts'

/** The others can only be told to hide a response header from everybody. */
const tellsOwners: ReadonlySet<string> = new Set(['nginx', 'caddy', 'haproxy', 'envoy-ext-proc'])

for (const name of [
  'nginx',
  'traefik',
  'caddy',
  'haproxy',
  'envoy',
  'envoy-grpc',
  'envoy-ext-proc',
] as const) {
  t.test(`${name} and the gateway`, async (t) => {
    const service = await recordingUpstream(
      t,
      () => ({ headers: [['X-Container-Read', 'shown']], body: 'ok' }),
      { upgrade: (_, socket) => switchFor(socket, 200) },
    )
    const gateway = await startDecidingGateway(t, service.url)
    const { decisionPort, grpcPort, secret } = gateway
    const places = { decisionPort, grpcPort, servicePort: service.port, secret }
    const { port } = await startProxy(t, name, places)
    const bindings = { account: ['a'] }
    const reader = (await gateway.issue({ bindings })).text
    const owner = (await gateway.issue({ bindings, access: 'owner' })).text

    const send = (path: string, bearer?: string, headers: readonly HeaderLine[] = []): Promise<RawAnswer> => {
      const credential: readonly HeaderLine[] =
        bearer === undefined ? [] : [['Authorization', `Bearer ${bearer}`]]
      return request(port, { path, headers: [['Host', 'app.example'], ...credential, ...headers] })
    }

    t.test(
      'a reader passes, and sees no privileged header; an owner does where the proxy can tell',
      async (t) => {
        const plain = await send('/v1/a/object', reader)
        t.match(plain, { status: 200 })
        t.strictSame(plain.header('x-container-read'), [])
        const received = service.requests.at(-1)
        t.strictSame(received?.header('x-user'), ['alice'])
        t.strictSame(received?.header('authorization'), [])

        const whole = await send('/v1/a/object', owner, [['X-Container-Read', '.r:*']])
        t.strictSame(whole.header('x-container-read'), tellsOwners.has(name) ? ['shown'] : [])
        t.strictSame(service.requests.at(-1)?.header('x-container-read'), ['.r:*'])
      },
    )

    t.test('whoever presents nothing is challenged, and nothing goes up', async (t) => {
      const before = service.requests.length
      const answer = await send('/v1/a/object')
      t.equal(answer.status, 401)
      t.match(answer.header('www-authenticate').join(), /^Bearer/)
      t.equal((await send('/v1/b/object', reader)).status, 403)
      t.equal((await send('/nowhere', reader)).status, 404)
      t.equal(service.requests.length, before)
    })

    t.test('a WebSocket opens for whoever may, and for nobody else', async (t) => {
      t.equal((await send('/ws/a', reader, handshake)).status, 101)
      const before = service.requests.length
      t.equal((await send('/ws/a', undefined, handshake)).status, 401)
      t.ok((await send('/v1/a/object', reader, handshake)).status >= 400, 'nor where its route has none')
      t.equal(service.requests.length, before)
    })

    t.test(
      'a proxy that does not prove itself is refused everything, whatever its clients send',
      async (t) => {
        const before = service.requests.length
        const stranger = await startProxy(t, name, {
          ...places,
          secret: 'a-guess-that-is-32-characters-long',
        })
        for (const headers of [[], [['X-Sallyport-Proxy', secret]]] as (readonly HeaderLine[])[]) {
          const { status } = await request(stranger.port, { path: '/public/page', headers })
          t.ok(status >= 400, String(status))
        }
        t.equal(service.requests.length, before)
      },
    )

    t.test('nothing passes once the gateway is gone, in the middle of a load', async (t) => {
      const outcomes: { readonly status: number; readonly isAfter: boolean }[] = []
      let isGone = false
      const visit = async () => {
        for (let count = 0; count < 25; count++) {
          const isAfter = isGone
          const { status } = await send('/v1/a/object', reader)
          outcomes.push({ status, isAfter })
        }
      }
      const load = Promise.all([visit(), visit(), visit(), visit()])
      while (outcomes.length < 20) await new Promise(setImmediate)
      await gateway.close()
      isGone = true
      await load
      const passed = outcomes.filter(({ status }) => status === 200)
      t.equal(passed.filter(({ isAfter }) => isAfter).length, 0)
      t.equal(outcomes.length, 100)
      t.ok(passed.length >= 20 && passed.length < 100)
      const before = service.requests.length
      t.ok((await send('/v1/a/object', reader)).status >= 500)
      t.ok((await send('/public/page')).status >= 500, 'nor what is public: nobody said so')
      t.equal(service.requests.length, before)
      t.comment(`${name}: ${passed.length} of 100 passed, all of them before`)
    })
  })
}
