/**
 * Where something is missing, broken or asked in a strange way, the door stays shut.
 * @module
 */

import { once } from 'node:events'
import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { host, message } from './attacks/attack.ts'
import { codeOf } from './wire.ts'
import { leavesNoTrace, startWatchedWire } from './witness.ts'

const websocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: eA==',
  'Sec-WebSocket-Version: 13',
]

t.test(
  'B48 nobody is switched to another protocol before somebody decided and the upstream agreed',
  async (t) => {
    const wire = await startWatchedWire(t)
    const anonymous = await wire.gateway.raw(message(['GET /a HTTP/1.1', host, ...websocket]))
    t.equal(codeOf(anonymous), 'credential_required')
    t.equal(wire.upstream.requests.length, 0)
    const forged = ['X-Forwarded-For: 203.0.113.9', 'X-Sallyport-Subject: admin', 'X-Container-Read: .r:*']
    const answer = await wire.send(['GET /a HTTP/1.1', host, ...websocket, ...forged])
    t.not(answer.status, 101, 'the upstream has not agreed')
    for (const { headers } of wire.upstream.requests)
      t.notMatch(JSON.stringify(headers), /203\.0|admin|Bearer/)
  },
)

t.test('B64 there is no door for other proxies: a strange URL in a header opens nothing', async (t) => {
  const wire = await startWatchedWire(t)
  const doors = [
    '/decisions/a',
    '/oauth2/auth',
    '/api/authz/forward-auth',
    '/outpost.goauthentik.io/auth/nginx',
    '/verify',
  ]
  const urls = [
    'http://gate.example/public/x',
    'http://[',
    '%',
    '//',
    '\u00ff',
    'https://gate.example:port/',
    '',
  ]
  await leavesNoTrace(t, wire, async () => {
    for (const door of doors) {
      for (const url of urls) {
        const headers = ['X-Original-URL', 'X-Forwarded-Uri', 'X-Forwarded-URL'].map(
          (name) => `${name}: ${url}`,
        )
        const answer = await wire.gateway.raw(
          message([`GET ${door}?rd=${encodeURIComponent(url)} HTTP/1.1`, host, ...headers]),
        )
        t.equal(codeOf(answer), 'credential_required', `${door} ${url}`)
      }
    }
  })
  t.equal(wire.upstream.requests.length, 0)
})

t.test('B65 a health check has a port of its own: no User-Agent and no path opens this one', async (t) => {
  const wire = await startWatchedWire(t)
  const agents = ['kube-probe/1.34', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0', 'Prometheus/3.0']
  await leavesNoTrace(t, wire, async () => {
    for (const agent of agents) {
      for (const path of ['/', '/ping', '/livez', '/readyz', '/healthz', '/metrics']) {
        const answer = await wire.gateway.raw(message([`GET ${path} HTTP/1.1`, host, `User-Agent: ${agent}`]))
        t.equal(codeOf(answer), 'credential_required', `${agent} ${path}`)
      }
    }
  })
  t.equal(wire.upstream.requests.length, 0)
})

t.test('B67 a rule that cannot be answered refuses, and a list of nobody admits nobody', async (t) => {
  const misspelt = { condition: 'tokn.access == "owner"' }
  await t.rejects(
    startWatchedWire(t, { routes: [{ match: { path: '/misspelt' }, authorize: misspelt }] }),
    'a condition that means nothing is turned down at start',
  )
  const routes = Object.entries({
    '/kinds': { kinds: [] },
    '/scopes': { scopes: { anyOf: [] } },
    '/networks': { networks: [] },
    '/missing': { condition: 'token.bindings["missing"][0] == "a"' },
  })
  const wire = await startWatchedWire(t, {
    routes: routes.map(([path, authorize]) => ({ match: { path }, authorize })),
  })
  for (const [path] of routes) {
    const answer = await wire.send([`GET ${path} HTTP/1.1`, host])
    t.equal(answer.status, 403, path)
  }
  t.equal(wire.upstream.requests.length, 0)
})

t.test('B68 nothing that anybody wrote is a template', async (t) => {
  const wire = await startWatchedWire(t)
  const texts = ['${env:HOME}', '{{ env "HOME" }}', '{{.Extra}}', '$(id)', '%{HOME}', '<%= 1 %>', '#{1+1}']
  const lines = texts.map((text, index) => `X-Text-${index}: ${text}`)
  const subject = '{{env"HOME"}}${env:HOME}'
  const { text } = await wire.gateway.issue({ subject, access: 'owner' })
  const bytes = message([`GET /a?x=\${env:HOME} HTTP/1.1`, host, `Authorization: Bearer ${text}`, ...lines])
  t.equal((await wire.gateway.raw(bytes)).status, 200)
  const [request] = wire.upstream.requests
  t.strictSame(
    texts.map((_, index) => request?.header(`x-text-${index}`)[0]),
    texts,
  )
  t.equal(request?.target, '/a?x=${env:HOME}')
  t.strictSame(request?.header('x-sallyport-subject'), [subject])
})

t.test('B71 an upstream that is down is a 502 that names neither address nor port', async (t) => {
  const port = await freePort()
  const wire = await startWatchedWire(t, { upstreams: { legacy: { url: `http://127.0.0.1:${port}` } } })
  const answer = await wire.send(['GET /a HTTP/1.1', host])
  t.equal(answer.status, 502)
  t.equal(codeOf(answer), 'upstream_unreachable')
  t.notMatch(
    answer.body.toString() + JSON.stringify(answer.headers),
    new RegExp(`127\\.0|${port}|ECONN|connect|legacy`),
  )
})

t.test('B73 slow heads and slow bodies have an end, and so has the number of connections', async (t) => {
  const timeouts = { headers: '300ms', request: '600ms' }
  const wire = await startWatchedWire(t, { listen: { timeouts, limits: { connections: 3 } } })
  const slow = await Promise.all([
    wire.gateway.raw(`GET /a HTTP/1.1\r\n${host}\r\nX: `),
    wire.send(['POST /a HTTP/1.1', host, 'Content-Length: 10'], 'half'),
    wire.send(['POST /a HTTP/1.1', host, 'Transfer-Encoding: chunked'], '5\r\nhel'),
  ])
  for (const answer of slow) t.equal(codeOf(answer), 'request_timeout')
  t.notOk(wire.upstream.requests.some(({ state }) => state === 'complete'))

  const held = await Promise.all([wire.connect(), wire.connect(), wire.connect()])
  const fourth = await wire.connect()
  fourth.on('error', () => {})
  if (!fourth.closed) await once(fourth, 'close', { signal: AbortSignal.timeout(5_000) })
  t.equal(fourth.bytesRead, 0, 'one too many is closed at once')
  for (const socket of held) socket.destroy()
})

t.test(
  'B76 a credential goes to the upstream of its route or to nobody: no page, no redirect, no second ask',
  async (t) => {
    const spy = await recordingUpstream(t)
    const wire = await startWatchedWire(t)
    wire.upstream.reply(({ target }) => ({
      status: target === '/moved' ? 307 : 503,
      headers: [
        ['Location', `${spy.url}/stolen`],
        ['X-Accel-Redirect', '/stolen'],
        ['Refresh', `0; url=${spy.url}`],
      ],
    }))
    for (const [path, status] of [
      ['/moved', 307],
      ['/broken', 503],
    ] as const) {
      const answer = await wire.send([`GET ${path} HTTP/1.1`, host, 'Cookie: a=1'])
      t.equal(answer.status, status)
    }
    t.strictSame(
      wire.upstream.requests.map(({ target }) => target),
      ['/moved', '/broken'],
      'each was asked once',
    )
    t.equal(spy.connections, 0)
    t.notMatch(JSON.stringify(wire.upstream.requests), new RegExp(wire.token))
  },
)
