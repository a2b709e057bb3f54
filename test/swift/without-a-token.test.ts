/**
 * What needs no token, or gets one: logins in all their spellings, signed URLs and forms, static sites, preflights,
 * and what Swift tells everybody. Each is asked straight at Swift and through the gateway.
 * @module
 */

import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { type PlainRequest, type RawAnswer, request } from '../support/raw-request.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { type Comparison, differences } from './compare.ts'
import { startSwiftGateway } from './gateway.ts'
import { callerOf, directly, type Headers } from './ways.ts'

const account = '/v1/AUTH_open'
const host = { Host: 'storage.example' }
const swift = directly()
const { way: gateway, logIn } = await startSwiftGateway(t)

t.before(async () => {
  const owner = await callerOf(swift, 'open:owner')
  await owner('POST', account, { 'X-Account-Meta-Temp-Url-Key': 'sesame' })
  await owner('PUT', `${account}/site`, {
    'X-Container-Read': '.r:*,.rlistings',
    'X-Container-Meta-Web-Index': 'index.html',
    'X-Container-Meta-Web-Error': 'error.html',
    'X-Container-Meta-Access-Control-Allow-Origin': 'http://site.example',
    'X-Container-Meta-Access-Control-Expose-Headers': 'X-Odd',
  })
  await owner('PUT', `${account}/site/index.html`, { 'Content-Type': 'text/html' }, '<p>home')
  await owner('PUT', `${account}/site/404error.html`, { 'Content-Type': 'text/html' }, '<p>lost')
  await owner('PUT', `${account}/site/sub/page.html`, { 'Content-Type': 'text/html' }, '<p>page')
  await owner('PUT', `${account}/listed`, {
    'X-Container-Read': '.r:*,.rlistings',
    'X-Container-Meta-Web-Listings': 'true',
  })
  await owner('PUT', `${account}/listed/a`, {}, 'a')
  await owner('PUT', `${account}/private`)
  await owner('PUT', `${account}/private/thing`, {}, 'a private thing')
})

t.test('a login succeeds or fails in every spelling as at Swift', async (t) => {
  const whole = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' }
  const storage = { 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' }
  const user = { 'X-Storage-User': 'tester', 'X-Storage-Pass': 'testing' }
  for (const [target, headers] of [
    ['/auth/v1.0', whole],
    ['/auth/auth', whole],
    ['/auth/v1.0/', whole],
    ['/auth/v1.0/x/y/z', whole],
    ['/auth/v1.0?query', whole],
    ['/%61uth/v1%2e0', whole],
    ['/auth%2Fv1.0', whole],
    ['/auth/v1.0', storage],
    ['/auth/v1.0', { ...whole, 'X-Storage-User': 'nobody:else', 'X-Storage-Pass': 'wrong' }],
    ['/auth/v1.0', { ...storage, 'X-Auth-User': '', 'X-Auth-Key': '' }],
    ['/auth/v1.0', { 'X-Auth-User': 'test:tester', 'X-Storage-Pass': 'testing' }],
    ['/auth/v1.0', { ...whole, 'X-Auth-Token': 'AUTH_tkbogus', Authorization: 'Bearer nothing' }],
    ['/auth/v1/test/auth', user],
    ['/auth/v1/test/auth', whole],
    ['/auth/v1/test/auth', { ...user, 'X-Auth-User': 'nobody:else', 'X-Auth-Key': 'wrong' }],
    ['/auth/v1/test/auth', { 'X-Storage-User': 'tester', 'X-Auth-Key': 'testing' }],
  ] as const satisfies readonly (readonly [string, Headers])[]) {
    const status = await alike(t, 'GET', target, headers, { added: ['cache-control'] })
    t.equal(status, 200, `${target} ${JSON.stringify(headers)}`)
  }
  for (const [target, headers, status] of [
    ['/auth/', whole, 404],
    ['/auth//v1.0', whole, 404],
    ['/auth', whole, 412],
    ['/AUTH/v1.0', whole, 400],
    ['/auth/v2.0', whole, 400],
    ['/auth/v1', whole, 400],
    ['/auth/v1/', whole, 400],
    ['/auth/v1/test/auth/', whole, 400],
    ['/auth/v1/test/auth/x', whole, 400],
    ['/auth/v1/test/nope', whole, 400],
    ['/auth/v1.0', {}, 401],
    ['/auth/v1.0', { ...whole, 'X-Auth-User': 'tester' }, 401],
    ['/auth/v1.0', { ...whole, 'X-Auth-Key': 'wrong' }, 401],
    ['/auth/v1.0', { ...whole, 'X-Auth-User': ':tester' }, 401],
  ] as const satisfies readonly (readonly [string, Headers, number])[]) {
    t.equal(await alike(t, 'GET', target, headers), status, `${target} ${JSON.stringify(headers)}`)
  }
  for (const headers of [
    { ...whole, 'X-Auth-User': 'test:nobody' },
    { ...whole, 'X-Auth-User': 'test:' },
    { ...whole, 'X-Auth-Key': '' },
    { ...whole, 'X-Auth-User': ['test:tester', 'test:tester'] },
  ]) {
    // Swift names the account in the realm, and so tells whether there is such a user.
    const answer = await ask(gateway.port, 'GET', '/auth/v1.0', headers)
    t.equal(answer.status, 401)
    t.strictSame(answer.header('www-authenticate'), ['Swift realm="unknown"'])
    t.equal((await ask(swift.port, 'GET', '/auth/v1.0', headers)).status, 401)
  }
  for (const target of ['/auth/v1/test/auth', '/auth/v1/other/auth']) {
    const headers = { 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' }
    for (const { port } of [swift, gateway])
      t.equal((await ask(port, 'GET', target, headers)).status, 401, 'the account stands in the path')
  }
  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
    t.equal(await alike(t, method, '/auth/v1.0', whole), 405, `${method} is no login`)
})

t.test('where the storage is, a login says with the host that the client used', async (t) => {
  const login = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' }
  const answer = await ask(gateway.port, 'GET', '/auth/v1.0', login)
  t.strictSame(answer.header('x-storage-url'), ['http://storage.example/v1/AUTH_test'])
  t.strictSame(answer.header('x-auth-token'), answer.header('x-storage-token'))
  t.notMatch(answer.header('x-auth-token')[0], /^AUTH_tk/)
})

t.test('everybody is told how Swift is, with a token and without', async (t) => {
  const token = await logIn('open:owner')
  for (const target of [
    '/info',
    '/%69nfo',
    '/info?x',
    '/healthcheck',
    '/info/',
    '/healthcheck/',
    '/',
    '/v1',
    '/nope',
  ]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) await alike(t, method, target)
  }
  const [told, known] = [
    await ask(swift.port, 'GET', '/info', { 'X-Auth-Token': await swift.token('open:owner') }),
    await ask(gateway.port, 'GET', '/info', { 'X-Auth-Token': token }),
  ]
  t.strictSame(differences(told, known, { isExact: true }), [])
})

t.test('a preflight is answered as the container allows it', async (t) => {
  for (const target of ['', '/site', '/site/index.html', '/private', '/absent']) {
    for (const origin of ['http://site.example', 'http://other.example']) {
      const preflight = { Origin: origin, 'Access-Control-Request-Method': 'GET' }
      await alike(t, 'OPTIONS', account + target, preflight)
      await alike(t, 'OPTIONS', account + target, {
        ...preflight,
        'Access-Control-Request-Headers': 'x-auth-token',
      })
      await alike(t, 'GET', account + target, { Origin: origin })
    }
  }
  const answer = await ask(gateway.port, 'OPTIONS', `${account}/site/index.html`, {
    Origin: 'http://site.example',
    'Access-Control-Request-Method': 'PUT',
  })
  t.strictSame(answer.header('access-control-allow-origin'), ['http://site.example'])
  t.match(answer.header('access-control-allow-methods')[0], /PUT/)
})

t.test('a static site is served as Swift serves it', async (t) => {
  for (const target of ['/site', '/site/', '/site/index.html', '/site/absent', '/site/sub', '/site/sub/']) {
    for (const method of ['GET', 'HEAD']) await alike(t, method, account + target)
  }
  for (const target of ['/listed', '/listed/', '/listed/a', '/listed/b', '/private', '/private/'])
    await alike(t, 'GET', account + target)
  t.match((await ask(gateway.port, 'GET', `${account}/site/`)).body.toString(), /home/)
  const moved = await ask(gateway.port, 'GET', `${account}/site`)
  t.strictSame(moved.header('location'), [`http://storage.example${account}/site/`])
})

t.test('a signed URL opens what it names, for as long as it says', async (t) => {
  const [later, before] = [Math.floor(Date.now() / 1000) + 600, Math.floor(Date.now() / 1000) - 1]
  const thing = `${account}/private/thing`
  for (const [method, signed, expires] of [
    ['GET', 'GET', later],
    ['HEAD', 'GET', later],
    ['HEAD', 'PUT', later],
    ['PUT', 'PUT', later],
    ['GET', 'PUT', later],
    ['DELETE', 'GET', later],
    ['GET', 'GET', before],
  ] as const) {
    const query = signature(signed, thing, expires)
    await alike(t, method, `${thing}?${query}`, {}, {}, method === 'PUT' ? 'anew' : '')
    await alike(t, method, `${thing}?${query}&filename=other%20name`)
    await alike(t, method, `${thing}?${query.replace('sig=', 'sig=0')}`)
  }
  t.equal((await ask(gateway.port, 'GET', `${thing}?${signature('GET', thing, later)}`)).status, 200)
  const prefix = signature('GET', `prefix:${account}/private/th`, later)
  t.equal(await alike(t, 'GET', `${thing}?${prefix}&temp_url_prefix=th`), 200)
  t.equal(await alike(t, 'GET', `${account}/site/index.html?${prefix}&temp_url_prefix=th`), 401)
  t.equal(await alike(t, 'GET', `${thing}?temp_url_sig=0`), 401, 'an incomplete one opens nothing')
})

t.test('a signed URL needs no token, and one of the gateway beside it does not matter', async (t) => {
  const thing = `${account}/private/thing`
  const query = signature('GET', thing, Math.floor(Date.now() / 1000) + 600)
  const stranger = { 'X-Auth-Token': await logIn('s:stranger') }
  t.equal((await ask(gateway.port, 'GET', thing, stranger)).status, 403)
  t.equal((await ask(gateway.port, 'GET', `${thing}?${query}`, stranger)).status, 200)
})

t.test('a text that is no token is refused everywhere but at a login', async (t) => {
  const later = Math.floor(Date.now() / 1000) + 600
  const opened = `${account}/private/thing?${signature('GET', `${account}/private/thing`, later)}`
  for (const [token, status] of [
    ['hello', 401],
    ['AUTH_tkbogus', 401],
    ['', 400],
  ] as const) {
    for (const target of ['/info', '/healthcheck', `${account}/site/index.html`, opened, account, '/nope']) {
      const answer = await ask(gateway.port, 'GET', target, { 'X-Auth-Token': token })
      t.equal(answer.status, status, `«${token}» for ${target}`)
    }
    const other = await ask(gateway.port, 'HEAD', '/auth/v1.0', { 'X-Auth-Token': token })
    t.equal(other.status, status, `«${token}» for what is no login`)
  }
  const foreign = await (await startSwiftGateway(t)).logIn('open:owner')
  const served = { 'X-Auth-Token': await logIn('open:owner'), 'X-Service-Token': foreign }
  t.equal((await ask(gateway.port, 'GET', account, served)).status, 401, 'nor does it serve')
})

t.test('what no gateway carries is refused', async (t) => {
  for (const [method, headers, [atSwift, here]] of [
    ['TRACE', {}, [405, 501]],
    ['GET', { Expect: '200-ok' }, [401, 400]],
    ['PUT', { 'Transfer-Encoding': 'identity', 'Content-Length': '0' }, [405, 400]],
    ['GET', { Connection: 'X-Odd' }, [401, 400]],
  ] as const) {
    t.equal((await ask(swift.port, method, account, headers)).status, atSwift, method)
    t.equal((await ask(gateway.port, method, account, headers)).status, here, method)
  }
})

t.test('a signed form brings files in', async (t) => {
  const expires = Math.floor(Date.now() / 1000) + 600
  const form = (key: string) => {
    const path = `${account}/private/up-`
    const fields = { redirect: '', max_file_size: '100', max_file_count: '1', expires: String(expires) }
    const signed = [path, ...Object.values(fields)].join('\n')
    const all = { ...fields, signature: createHmac('sha1', key).update(signed).digest('hex') }
    const parts = Object.entries(all).map(([name, value]) => part(`name="${name}"`, value))
    return `${parts.join('')}${part('name="file"; filename="leaf"', 'of a form')}--limit--\r\n`
  }
  const headers = { 'Content-Type': 'multipart/form-data; boundary=limit' }
  for (const [key, status] of [
    ['sesame', 201],
    ['wrong', 401],
  ] as const)
    t.equal(await alike(t, 'POST', `${account}/private/up-`, headers, {}, form(key)), status)
  const owner = await callerOf(swift, 'open:owner')
  t.equal((await owner('GET', `${account}/private/up-leaf`)).body.toString(), 'of a form')
})

/** Asks on both ways; yields Swift's status. */
async function alike(
  t: Test,
  method: string,
  target: string,
  headers: Headers = {},
  comparison: Comparison = {},
  body = '',
): Promise<number> {
  const [expected, actual] = [
    await ask(swift.port, method, target, headers, body),
    await ask(gateway.port, method, target, headers, body),
  ]
  const isExact = comparison.added === undefined
  t.strictSame(
    differences(expected, actual, { isExact, ...comparison }),
    [],
    `${method} ${target} ${JSON.stringify(headers)}`,
  )
  return expected.status
}

function ask(
  port: number,
  method: string,
  path: string,
  headers: Headers = {},
  body = '',
): Promise<RawAnswer> {
  const lines = Object.entries({ ...host, ...headers }).flatMap(([name, values]) =>
    [values].flat().map((value): HeaderLine => [name, value]),
  )
  if (['PUT', 'POST'].includes(method) && body === '') lines.push(['Content-Length', '0'])
  const plain: PlainRequest = { method, path, headers: lines, body }
  return request(port, plain, { timeoutMs: 30_000 })
}

/** The query that signs a path, with the key of the account. */
function signature(method: string, path: string, expires: number): string {
  const hmac = createHmac('sha256', 'sesame').update(`${method}\n${expires}\n${path}`)
  return `temp_url_sig=${hmac.digest('hex')}&temp_url_expires=${expires}`
}

function part(disposition: string, content: string): string {
  return `--limit\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`
}
