/**
 * Which of several reasons for a refusal Swift names, which requests it answers without a token, and when it
 * says 401 to a token that is valid.
 * @module
 */

import t from 'tap'
import { type Caller, callerOf, directly, type Headers } from '../ways.ts'

const way = directly()
const account = '/v1/AUTH_facts'
const owner = await callerOf(way, 'facts:owner')
const stranger = await callerOf(way, 's:stranger')
const anonymous = await callerOf(way)
const impostor = withToken('AUTH_tkbogus')
const yuck: Headers = { 'X-Account-Access-Control': 'yuck' }

t.before(async () => {
  await owner('PUT', `${account}/open`, { 'X-Container-Read': '.r:*,.rlistings' })
  await owner('PUT', `${account}/open/thing`)
  await owner('PUT', `${account}/shut`)
  await owner('PUT', `${account}/shut/thing`)
})

t.test('a false token is refused before anything else but the health check', async (t) => {
  for (const [method, target, headers] of [
    ['GET', `${account}/open/thing`, {}],
    ['GET', `${account}/open`, {}],
    ['GET', '/info', {}],
    ['GET', '/', {}],
    ['GET', '/v9/AUTH_facts', {}],
    ['OPTIONS', `${account}/open`, {}],
    ['PATCH', account, {}],
    ['POST', account, yuck],
    ['COPY', `${account}/shut/thing`, {}],
    ['GET', `${account}/shut/%ff`, {}],
  ] as const) {
    t.equal((await impostor(method, target, headers)).status, 401, `${method} ${target}`)
  }
  t.equal((await impostor('GET', '/healthcheck')).status, 200)
})

t.test('a token that is not of the form of TempAuth counts as none', async (t) => {
  for (const call of [withToken('other'), withToken(''), anonymous]) {
    t.equal((await call('GET', `${account}/open/thing`)).status, 200)
    t.equal((await call('GET', `${account}/open`)).status, 200)
    t.equal((await call('GET', '/info')).status, 200)
    t.equal((await call('OPTIONS', `${account}/shut`)).status, 200)
    t.equal((await call('GET', account)).status, 401)
  }
})

t.test('what nobody may do is refused by its form before it is asked who comes', async (t) => {
  for (const [method, target, status, headers] of [
    ['COPY', `${account}/shut/thing`, 412, {}],
    ['PUT', `${account}/shut/thing`, 412, { 'X-Copy-From': 'shut' }],
    ['PUT', `${account}/shut/thing`, 412, { 'X-Symlink-Target': 'shut' }],
    ['PUT', `${account}/shut/thing`, 400, { 'X-Object-Manifest': 'shut' }],
    ['POST', `${account}/shut`, 412, { 'X-Versions-Location': 'a/b' }],
    ['GET', `${account}/shut/%ff`, 412, {}],
    ['GET', '/v9/AUTH_facts', 400, {}],
    ['GET', '/v1//shut', 412, {}],
    ['GET', '//v1/AUTH_facts', 404, {}],
    ['PATCH', account, 405, yuck],
    ['COPY', `${account}/shut`, 405, {}],
    ['get', account, 405, {}],
    ['PUT', account, 405, {}],
    ['DELETE', `${account}?x=1`, 405, {}],
    ['POST', account, 400, yuck],
    ['GET', `${account}/shut/thing`, 400, yuck],
    ['OPTIONS', account, 400, yuck],
  ] as const satisfies readonly (readonly [string, string, number, Headers])[]) {
    for (const call of [anonymous, stranger, owner]) {
      t.equal((await call(method, target, headers)).status, status, `${method} ${target}`)
    }
  }
})

t.test('the ACL header is not looked at on accounts that are not of TempAuth', async (t) => {
  t.equal((await anonymous('POST', '/v1/OTHER_facts', yuck)).status, 401)
  t.equal((await owner('POST', '/v1/OTHER_facts', yuck)).status, 403)
})

t.test('names that are too long and container ACLs are judged after the caller', async (t) => {
  const long = 'n'.repeat(1_025)
  for (const [method, target, headers] of [
    ['PUT', `${account}/${long.slice(0, 257)}`, {}],
    ['PUT', `${account}/shut/${long}`, {}],
    ['PUT', `${account}/shut`, { 'X-Container-Read': '.r:' }],
  ] as const satisfies readonly (readonly [string, string, Headers])[]) {
    t.equal((await anonymous(method, target, headers)).status, 401)
    t.equal((await stranger(method, target, headers)).status, 403)
    t.equal((await owner(method, target, headers)).status, 400)
  }
  t.equal((await owner('GET', `${account}/${long.slice(0, 257)}`)).status, 404, 'only PUT judges lengths')
})

t.test('a token is read from X-Auth-Token, and from X-Storage-Token where that is absent', async (t) => {
  const token = await way.token('facts:owner')
  for (const [headers, status] of [
    [{ 'X-Storage-Token': token }, 204],
    [{ X_Auth_Token: token }, 204],
    [{ 'X-Auth-Token': ` ${token} ` }, 204],
    [{ 'X-Storage-Token': token, 'X-Auth-Token': '' }, 401],
    [{ 'X-Storage-Token': token, 'X-Auth-Token': 'other' }, 401],
    [{ 'X-Auth-Token': [token, token] }, 401],
    [{ Authorization: `Bearer ${token}` }, 401],
  ] as const satisfies readonly (readonly [Headers, number])[]) {
    t.equal((await anonymous('HEAD', account, headers)).status, status, Object.keys(headers).join())
  }
})

t.test(
  'a valid token does not help a signature, a form, a sync or a preflight that is refused',
  async (t) => {
    const preflight = { Origin: 'http://site.example', 'Access-Control-Request-Method': 'GET' }
    for (const [method, target, headers] of [
      ['GET', `${account}/shut/thing?temp_url_sig=0&temp_url_expires=9999999999`, {}],
      ['GET', `${account}?temp_url_sig=0`, {}],
      ['GET', `${account}/shut`, { 'X-Container-Sync-Auth': 'a b c' }],
      ['OPTIONS', `${account}/shut`, preflight],
    ] as const satisfies readonly (readonly [string, string, Headers])[]) {
      t.equal((await owner(method, target, headers)).status, 401, `${method} ${target}`)
    }
    t.equal((await owner('OPTIONS', account, preflight)).status, 200)
    const form = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n'
    const posted = await owner('POST', account, { 'Content-Type': 'multipart/form-data; boundary=b' }, form)
    t.match(posted.body.toString(), /FormPost/, 'a form on an account is not a request to the account')
  },
)

t.test('realms are quoted in the answer to nobody, and raw in the answer to a false token', async (t) => {
  const target = '/v1/AUTH_a%0d%0aX-Split:%20yes/box'
  const quoted = await anonymous('GET', target)
  t.strictSame(quoted.header('www-authenticate'), ['Swift realm="AUTH_a%0D%0AX-Split%3A%20yes"'])
  t.strictSame(quoted.header('x-split'), [])
  const split = await impostor('GET', target)
  t.strictSame(split.header('x-split'), ['yes"'], 'Swift lets a path write a header of the response')
})

/** Calls with a text as `X-Auth-Token`. */
function withToken(token: string): Caller {
  return (method, target, headers) => anonymous(method, target, { ...headers, 'X-Auth-Token': token })
}
