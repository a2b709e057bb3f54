/**
 * The example of each proxy, run by that proxy: what it asks, whatever the client sends beside; what goes up and comes
 * back behind an answer; and that nothing goes up without one.
 * @module
 */

import t, { type Test } from 'tap'
import { request } from '../support/raw-request.ts'
import { type HeaderLine, type RecordedRequest, recordingUpstream } from '../support/recording-upstream.ts'
import type { ProxyName } from './install-proxies.ts'
import { type DoorAnswer, type ScriptedDoor, scriptedDoor } from './scripted-door.ts'
import { startProxy } from './start-proxy.ts'
import { handshake, switched } from './switching.ts'
import { asked, host, secret, spoofed } from './what-is-asked.ts'

const proxies: readonly ProxyName[] = ['nginx', 'traefik', 'caddy', 'haproxy', 'envoy']

/** The others can only be told to hide a response header from everybody. */
const tellsOwners: ReadonlySet<ProxyName> = new Set(['nginx', 'caddy', 'haproxy'])

/** The others drop such a name, or refuse it. */
const asksAboutUnderscores: ReadonlySet<ProxyName> = new Set(['nginx', 'haproxy'])

interface Bench {
  readonly door: ScriptedDoor
  readonly service: Awaited<ReturnType<typeof recordingUpstream>>
  readonly port: number
}

async function bench(t: Test, name: ProxyName): Promise<Bench> {
  const door = await scriptedDoor(t)
  const service = await recordingUpstream(
    t,
    () => ({ headers: [['X-Container-Read', 'shown']], body: 'ok' }),
    { upgrade: (_, socket) => socket.end(switched) },
  )
  const places = { decisionPort: door.port, servicePort: service.port, secret }
  const { port } = await startProxy(t, name, places)
  return { door, service, port }
}

/** As the gateway allows: values to copy; what is not there is to go, which Envoy has to be told by name. */
function allowed(owner: boolean): DoorAnswer {
  const read: readonly HeaderLine[] = owner ? [['X-Container-Read', '.r:*']] : []
  const removed = owner ? 'authorization' : 'authorization,x-container-read'
  return {
    status: 200,
    headers: [
      ['X-User', 'alice'],
      ['X-Sallyport-Owner', String(owner)],
      ['x-envoy-auth-headers-to-remove', removed],
      ...read,
    ],
  }
}

const refused: DoorAnswer = {
  status: 401,
  headers: [
    ['WWW-Authenticate', 'Bearer realm="app"'],
    ['Content-Type', 'application/problem+json'],
    ['X-Sallyport-Status', '401'],
  ],
  body: '{"title":"Unauthorized"}',
}

const seen = (request: RecordedRequest) => ({
  method: request.method,
  target: request.target,
  user: request.header('x-user'),
  read: request.header('x-container-read'),
  credential: request.header('authorization'),
})

for (const name of proxies) {
  t.test(`${name} with its example`, async (t) => {
    const { door, service, port } = await bench(t, name)
    const lastOf = <T>(list: readonly T[]): T => {
      const last = list.at(-1)
      if (last === undefined) throw new Error('nothing came')
      return last
    }

    t.test('asks about the request that came, whatever the client says of another', async (t) => {
      door.answer(() => allowed(false))
      const { status } = await request(port, {
        method: 'POST',
        path: '/v1/a%20b?c=/d&e',
        headers: [['Host', host], ['Authorization', 'Bearer reader'], ...spoofed],
        body: 'body',
      })
      t.equal(status, 200)
      const question = lastOf(door.questions)
      t.strictSame(asked[name](question), {
        url: `http://${host}/v1/a%20b?c=/d&e`,
        method: 'POST',
        peer: '127.0.0.1',
      })
      t.strictSame(question.header('x-sallyport-proxy'), [secret])
      t.strictSame(question.header('authorization'), ['Bearer reader'])

      const received = lastOf(service.requests)
      t.equal(received.body.toString(), 'body')
      const text = received.headers.map((line) => line.join(': ')).join('\n')
      t.notMatch(text, /spoofed|DELETE/)
      t.notOk(text.includes(secret), 'the service does not learn the secret')
      t.strictSame(received.header('x-sallyport-owner'), [])
    })

    t.test(
      'who is no owner neither sends nor sees a privileged header, and is who the gateway says',
      async (t) => {
        door.answer(() => allowed(false))
        const headers: readonly HeaderLine[] = [
          ['Host', host],
          ['Authorization', 'Bearer reader'],
          ['X-User', 'mallory'],
          ['x-user', 'eve'],
          ['X-Container-Read', '.r:*'],
          ['x-CONTAINER-read', '.r:*'],
        ]
        const answer = await request(port, { path: '/v1', headers })
        t.equal(answer.status, 200)
        t.strictSame(answer.header('x-container-read'), [])
        t.strictSame(answer.header('x-sallyport-owner'), [])
        t.strictSame(seen(lastOf(service.requests)), {
          method: 'GET',
          target: '/v1',
          user: ['alice'],
          read: [],
          credential: [],
        })
      },
    )

    t.test('an owner sends a privileged header, and sees it where the proxy can tell', async (t) => {
      door.answer(() => allowed(true))
      const headers: readonly HeaderLine[] = [
        ['Host', host],
        ['Authorization', 'Bearer owner'],
        ['X-Container-Read', '.r:*'],
      ]
      const answer = await request(port, { path: '/v1', headers })
      t.equal(answer.status, 200)
      t.strictSame(answer.header('x-container-read'), tellsOwners.has(name) ? ['shown'] : [])
      t.match(seen(lastOf(service.requests)), { user: ['alice'], read: ['.r:*'], credential: [] })
    })

    t.test('a name with an underscore does not go up unasked', async (t) => {
      door.answer(() => allowed(false))
      const [asked, sent] = [door.questions.length, service.requests.length]
      const headers: readonly HeaderLine[] = [
        ['Host', host],
        ['X_User', 'mallory'],
      ]
      await request(port, { headers })
      const isAsked = door.questions.slice(asked).some(({ header }) => header('x_user').length > 0)
      const isSent = service.requests.slice(sent).some((received) => received.header('x_user').length > 0)
      t.equal(isAsked, asksAboutUnderscores.has(name))
      t.equal(isSent, isAsked)
    })

    t.test('a refusal reaches the client with its challenge, and nothing goes up', async (t) => {
      door.answer(() => refused)
      const before = service.requests.length
      const answer = await request(port, { headers: [['Host', host]] })
      t.equal(answer.status, 401)
      t.strictSame(answer.header('www-authenticate'), ['Bearer realm="app"'])
      if (name !== 'nginx') t.equal(answer.body.toString(), '{"title":"Unauthorized"}')
      t.equal(service.requests.length, before)
    })

    t.test('a limit is told as such, with when to come again', async (t) => {
      const status = name === 'nginx' ? 403 : 429
      door.answer(() => ({
        status,
        headers: [
          ['Retry-After', '7'],
          ['X-Sallyport-Status', '429'],
        ],
      }))
      const answer = await request(port, { headers: [['Host', host]] })
      t.equal(answer.status, 429)
      t.strictSame(answer.header('retry-after'), ['7'])
    })

    t.test('a WebSocket opens when it is allowed, and not when it is refused', async (t) => {
      door.answer(() => allowed(false))
      const open = await request(port, { path: '/ws', headers: [['Host', host], ...handshake] })
      t.equal(open.status, 101)
      t.match(seen(lastOf(service.requests)), { target: '/ws', user: ['alice'] })
      const question = lastOf(door.questions)
      const tells = ['upgrade', 'x-original-upgrade', 'sec-websocket-key'].flatMap(question.header)
      t.not(tells.length, 0, 'the gateway can see that a connection is to be switched')

      door.answer(() => refused)
      const before = service.requests.length
      t.equal((await request(port, { path: '/ws', headers: [['Host', host], ...handshake] })).status, 401)
      t.equal(service.requests.length, before)
    })

    t.test('an upgrade that the gateway was not asked about is not made', async (t) => {
      door.answer(() => allowed(false))
      const variants: readonly (readonly HeaderLine[])[] = [
        [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'h2c'],
        ],
        [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'other'],
        ],
        [['Connection', 'Upgrade, Sec-WebSocket-Key'], ...handshake.slice(1)],
      ]
      for (const headers of variants) {
        const questions = door.questions.length
        const { status } = await request(port, { path: '/ws', headers: [['Host', host], ...headers] })
        const isTold = door.questions
          .slice(questions)
          .some(({ header }) =>
            ['upgrade', 'x-original-upgrade', 'sec-websocket-key'].some((one) => header(one).length > 0),
          )
        t.ok(status !== 101 || isTold, `${status} to ${headers.flat()}`)
      }
    })

    t.test('without an answer nothing goes up: dropped, unexpected, slow', async (t) => {
      const before = service.requests.length
      const answers: readonly (readonly [string, DoorAnswer])[] = [
        ['dropped', 'drop'],
        ['500', { status: 500 }],
        ['503', { status: 503, headers: [['Retry-After', '2']] }],
        ['302', { status: 302, headers: [['Location', '/elsewhere']] }],
        ['404', { status: 404 }],
      ]
      for (const [title, answer] of answers) {
        door.answer(() => answer)
        const { status } = await request(port, { headers: [['Host', host]] })
        t.ok(status >= 300, `${title}: ${status}`)
      }
      door.answer(() => undefined)
      // Traefik waits for half a minute, and has no setting for it.
      const late = request(
        port,
        { headers: [['Host', host]] },
        { timeoutMs: name === 'traefik' ? 500 : 5_000 },
      )
      const status = await late.then(
        (answer) => answer.status,
        () => undefined,
      )
      t.equal(status, { nginx: 503, traefik: undefined, caddy: 504, haproxy: 503, envoy: 503 }[name])
      t.equal(service.requests.length, before)
    })

    t.test('nothing goes up once nobody can be asked, in the middle of a load', async (t) => {
      door.answer(() => allowed(false))
      const outcomes: number[] = []
      let isClosed = false
      let afterClose = 0
      const visitor = async () => {
        for (let count = 0; count < 25; count++) {
          const isAfter = isClosed
          const { status } = await request(port, { headers: [['Host', host]] })
          outcomes.push(status)
          if (isAfter && status === 200) afterClose++
        }
      }
      const load = Promise.all([visitor(), visitor(), visitor(), visitor()])
      const before = service.requests.length
      while (outcomes.length < 20) await new Promise(setImmediate)
      await door.close()
      isClosed = true
      await load
      const good = outcomes.filter((status) => status === 200).length
      t.equal(afterClose, 0)
      t.equal(outcomes.length, 100)
      t.ok(good >= 20 && good < 100, `${good} of 100 were allowed before`)
      t.equal(service.requests.length - before <= good + 4, true)
      t.comment(`${name}: ${good} allowed before, ${100 - good} refused after`)
    })
  })
}
