/**
 * Routes in front of services that serve everybody a little: a request without a good credential goes up as anonymous,
 * with no credential at all, and what nobody could look up stays refused.
 * @module
 */

import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'

const bearer = (text: string): HeaderLine => ['Authorization', `Bearer ${text}`]

async function start(t: Test) {
  const upstream = await recordingUpstream(t)
  const shared = { header: 'X-Service-Key', value: 'Key s3cret' }
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/read/{rest*}' },
        missingCredential: 'anonymous',
        invalidCredential: 'anonymous',
        upstreamCredential: 'passthrough',
        credentials: ['bearer', { query: 'key' }],
      },
      { match: { path: '/missing/{rest*}' }, missingCredential: 'anonymous' },
      {
        match: { path: '/invalid/{rest*}' },
        invalidCredential: 'anonymous',
        upstreamCredential: 'passthrough',
      },
      {
        match: { path: '/shared/{rest*}' },
        missingCredential: 'anonymous',
        invalidCredential: 'anonymous',
        upstreamCredential: shared,
      },
      { match: { path: '/shared-shadow/{rest*}' }, mode: 'shadow', upstreamCredential: shared },
    ],
  })
  const { text: token } = await gateway.issue()
  const get = async (path: string, ...headers: readonly HeaderLine[]) =>
    (await gateway.request({ path, headers })).status
  return { upstream, gateway, token, get }
}

t.test('a good credential is decided on and goes on as ever', async (t) => {
  const { upstream, token, get } = await start(t)
  t.equal(await get('/read/x', bearer(token)), 200)
  t.strictSame(upstream.requests[0]?.header('authorization'), [`Bearer ${token}`])
  t.strictSame(upstream.requests[0]?.header('x-sallyport-subject'), ['alice'])
})

t.test('an unknown, revoked or expired one does not go on, from wherever it came', async (t) => {
  const { upstream, gateway, get } = await start(t)
  const revoked = await gateway.issue()
  await gateway.store.revokeToken(revoked.token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
  const expired = await gateway.issue({ lifetimeMs: 1 })
  for (const text of ['spp_unknown', revoked.text, expired.text]) {
    t.equal(await get('/read/x', bearer(text)), 200)
    t.equal(await get(`/read/x?a=1&key=${text}&b`), 200)
    t.equal(upstream.requests.at(-1)?.target, '/read/x?a=1&b')
    t.equal(await get('/invalid/x', bearer(text)), 200)
    t.equal(await get('/missing/x', bearer(text)), 401)
  }
  t.equal(upstream.requests.length, 9)
  for (const { headers } of upstream.requests) {
    t.notOk(headers.some(([name]) => /^(authorization|x-sallyport-.*)$/i.test(name)))
  }
})

t.test('none at all is anonymous only where the route says so', async (t) => {
  const { upstream, get } = await start(t)
  t.equal(await get('/read/x'), 200)
  t.equal(await get('/missing/x'), 200)
  t.equal(await get('/invalid/x'), 401)
  t.equal(upstream.requests.length, 2)
})

t.test('where only reads are anonymous, nothing else is', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/x' },
        missingCredential: 'anonymous-reads',
        invalidCredential: 'anonymous-reads',
      },
    ],
  })
  for (const headers of [[], [bearer('spp_unknown')]]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      t.equal((await gateway.request({ method, path: '/x', headers })).status, 200, method)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND'])
      t.not((await gateway.request({ method, path: '/x', headers })).status, 200, method)
  }
  t.strictSame(new Set(upstream.requests.map(({ method }) => method)), new Set(['GET', 'HEAD', 'OPTIONS']))
  t.equal(upstream.requests.length, 6)
})

t.test('two credentials, and a malformed one, are refused there too', async (t) => {
  const { upstream, token, get } = await start(t)
  t.equal(await get('/read/x', bearer(token), bearer('spp_unknown')), 400)
  t.equal(await get('/read/x', bearer('a b')), 400)
  t.equal(upstream.requests.length, 0)
})

t.test("nobody who is anonymous gets the gateway's own credential, nor can send it", async (t) => {
  const { upstream, token, get } = await start(t)
  const sent: HeaderLine = ['X-Service-Key', 'Key guessed']
  const cases: readonly (readonly [
    path: string,
    headers: readonly HeaderLine[],
    goesUp: readonly string[],
  ])[] = [
    ['/shared/x', [bearer(token), sent], ['Key s3cret']],
    ['/shared/x', [bearer('spp_unknown'), sent], []],
    ['/shared/x', [sent], []],
    ['/shared-shadow/x', [bearer(token), sent], ['Key s3cret']],
    ['/shared-shadow/x', [sent], []],
  ]
  for (const [path, headers, goesUp] of cases) {
    t.equal(await get(path, ...headers), 200)
    const received = upstream.requests.at(-1)
    t.strictSame(received?.header('x-service-key'), goesUp, `${path} ${JSON.stringify(headers.length)}`)
    t.strictSame(received?.header('authorization'), [])
  }
})
