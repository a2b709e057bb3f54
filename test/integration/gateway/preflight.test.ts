/**
 * A browser asks without a credential whether a page may send its request (CORS). Where the route says so that question
 * reaches the upstream, and nothing else does.
 * @module
 */

import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'

const origin: HeaderLine = ['Origin', 'https://app.example']
const asked: HeaderLine = ['Access-Control-Request-Method', 'PUT']
const askedHeaders: HeaderLine = ['Access-Control-Request-Headers', 'authorization,x-container-read']
const allowed: HeaderLine = ['Access-Control-Allow-Origin', 'https://app.example']

async function start(t: Test, route: object = { preflight: 'forward' }) {
  const upstream = await recordingUpstream(t, () => ({ status: 204, headers: [allowed] }))
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/{path*}' },
        credentials: ['bearer', { header: 'X-Auth-Token' }, { query: 'token' }],
        ...route,
      },
    ],
  })
  return { upstream, gateway }
}

t.test('a preflight goes up without anything that is guarded, and its answer comes back', async (t) => {
  const { upstream, gateway } = await start(t)
  const headers: HeaderLine[] = [
    origin,
    asked,
    askedHeaders,
    ['X-Container-Read', '.r:*'],
    ['X-Sallyport-Subject', 'root'],
    ['X-Remote-User', 'root'],
    ['X-Forwarded-For', '10.0.0.1'],
  ]
  const answer = await gateway.request({ method: 'OPTIONS', path: '/a?b', headers })
  t.equal(answer.status, 204)
  t.strictSame(answer.header('access-control-allow-origin'), ['https://app.example'])
  const [received, ...more] = upstream.requests
  t.equal(more.length, 0)
  t.match(received, { method: 'OPTIONS', target: '/a?b', bodyLength: 0 })
  t.strictSame(received?.header('origin'), ['https://app.example'])
  t.strictSame(received?.header('access-control-request-method'), ['PUT'])
  t.strictSame(received?.header('access-control-request-headers'), ['authorization,x-container-read'])
  for (const name of ['x-container-read', 'x-sallyport-subject', 'x-remote-user', 'authorization']) {
    t.strictSame(received?.header(name), [], name)
  }
  t.strictSame(received?.header('x-forwarded-for'), ['127.0.0.1'])
})

/** None of these is what a browser sends. */
const impostors: Readonly<Record<string, readonly [method: string, path: string, ...HeaderLine[]]>> = {
  'without an origin': ['OPTIONS', '/a', asked],
  'with an empty origin': ['OPTIONS', '/a', ['Origin', ''], asked],
  'with an origin that is none': ['OPTIONS', '/a', ['Origin', 'https://app.example/path'], asked],
  'with two origins': ['OPTIONS', '/a', origin, origin, asked],
  'without a method to come': ['OPTIONS', '/a', origin],
  'with an empty method to come': ['OPTIONS', '/a', origin, ['Access-Control-Request-Method', '']],
  'with two methods to come': ['OPTIONS', '/a', origin, asked, asked],
  'with a list of methods to come': ['OPTIONS', '/a', origin, ['Access-Control-Request-Method', 'PUT, GET']],
  'with a body': ['OPTIONS', '/a', origin, asked, ['Content-Length', '4']],
  'with chunks': ['OPTIONS', '/a', origin, asked, ['Transfer-Encoding', 'chunked']],
  'of another method': ['GET', '/a', origin, asked],
  'that writes': ['PUT', '/a', origin, asked],
  'of a method in another case': ['options', '/a', origin, asked],
  'with a cookie': ['OPTIONS', '/a', origin, asked, ['Cookie', 'a=b']],
  'with a method override': ['OPTIONS', '/a', origin, asked, ['X-HTTP-Method-Override', 'DELETE']],
  'with a short method override': ['OPTIONS', '/a', origin, asked, ['X-HTTP-Method', 'DELETE']],
  'with another method override': ['OPTIONS', '/a', origin, asked, ['X-Method-Override', 'DELETE']],
  'with another target': ['OPTIONS', '/a', origin, asked, ['X-Original-URL', '/admin']],
  'with a rewritten target': ['OPTIONS', '/a', origin, asked, ['X-Rewrite-URL', '/admin']],
  'with a credential that is bad': ['OPTIONS', '/a', origin, asked, ['Authorization', 'Bearer bad']],
  'with a credential of another scheme': ['OPTIONS', '/a', origin, asked, ['Authorization', 'Basic YTpi']],
  'with a credential that the route does not read': ['OPTIONS', '/a', origin, asked, ['X-Api-Key', 'x']],
  'with a bad credential in the query': ['OPTIONS', '/a?token=bad', origin, asked],
}
for (const [name, [method, path, ...headers]] of Object.entries(impostors)) {
  t.test(`a request ${name} is decided on as ever`, async (t) => {
    const { upstream, gateway } = await start(t)
    const body = name === 'with a body' ? 'body' : name === 'with chunks' ? '4\r\nbody\r\n0\r\n\r\n' : ''
    const { status } = await gateway.request({ method, path, headers, body })
    t.ok(status === 401 || status === 400, `${status}`)
    t.strictSame(upstream.requests, [])
  })
}

t.test('names in disguise make no preflight where names with «_» are allowed', async (t) => {
  const { upstream, gateway } = await start(t, { preflight: 'forward', allowUnderscoreHeaders: true })
  const attempts: readonly (readonly HeaderLine[])[] = [
    [
      ['Origin', 'https://app.example'],
      ['Access_Control_Request_Method', 'PUT'],
    ],
    [origin, asked, ['X_HTTP_Method_Override', 'DELETE']],
    [origin, asked, ['Access_Control_Request_Method', 'GET']],
  ]
  for (const headers of attempts) {
    t.equal((await gateway.request({ method: 'OPTIONS', path: '/a', headers })).status, 401)
  }
  t.strictSame(upstream.requests, [])
})

t.test('without the setting a preflight is 401, and with a token it is a request like others', async (t) => {
  const { upstream, gateway } = await start(t, {})
  const preflight = { method: 'OPTIONS', path: '/a', headers: [origin, asked] }
  t.equal((await gateway.request(preflight)).status, 401)
  t.strictSame(upstream.requests, [])
  const { text } = await gateway.issue({ access: 'read-only' })
  const headers: HeaderLine[] = [...preflight.headers, ['Authorization', `Bearer ${text}`]]
  t.equal((await gateway.request({ ...preflight, headers })).status, 204)
})

t.test('networks of the route hold for preflights too', async (t) => {
  const headers = [origin, asked]
  for (const [network, status] of [
    ['127.0.0.0/8', 204],
    ['192.0.2.0/24', 401],
  ] as const) {
    const { gateway } = await start(t, { preflight: 'forward', authorize: { networks: [network] } })
    t.equal((await gateway.request({ method: 'OPTIONS', path: '/a', headers })).status, status, network)
  }
})

t.test('what Swift answers to a preflight with a token is carried, and no login is made anew', async (t) => {
  const upstream = await recordingUpstream(t, ({ target }) => {
    if (target !== '/auth/v1.0') return { status: 401, headers: [['Allow', 'HEAD, GET']], body: 'no' }
    const storageUrl = `${upstream.url}/v1/AUTH_a`
    return {
      headers: [
        ['X-Auth-Token', 'AUTH_tk1'],
        ['X-Auth-Token-Expires', '3600'],
        ['X-Storage-Url', storageUrl],
      ],
    }
  })
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/{path*}' },
        pathMode: 'raw-exact',
        profile: { swift: {} },
        credentials: [{ header: 'X-Auth-Token' }],
        authorize: { kinds: ['session'] },
        identityHeaders: {},
      },
    ],
  })
  const login = await gateway.request({
    path: '/auth/v1.0',
    headers: [
      ['X-Auth-User', 'a:a'],
      ['X-Auth-Key', 'key'],
    ],
  })
  const token: HeaderLine = ['X-Auth-Token', login.header('x-auth-token')[0] ?? '']
  const answer = await gateway.request({
    method: 'OPTIONS',
    path: '/v1/AUTH_a/c/o',
    headers: [token, origin, asked],
  })
  t.equal(answer.status, 401)
  t.strictSame(answer.header('allow'), ['HEAD, GET'])
  t.strictSame(
    upstream.requests.map(({ target }) => target),
    ['/auth/v1.0', '/v1/AUTH_a/c/o'],
  )
})
